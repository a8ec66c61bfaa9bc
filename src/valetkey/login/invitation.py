# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a person reads in the terminal or the notebook when a login is needed."""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from valetkey.login import Invitation
from valetkey.login.browser import open_browser


def show_in_browser(invitation: Invitation) -> None:
    """
    Open the link in a browser, and print it for the case that none appears.

    :param invitation: What to tell.
    """
    opened = open_browser(invitation.authorization_url)
    _print(invitation_text(invitation, opened=opened, environment=os.environ))


def print_link(invitation: Invitation) -> None:
    """
    Print the link.

    :param invitation: What to tell.
    """
    _print(invitation_text(invitation, opened=False, environment=os.environ))


def invitation_text(invitation: Invitation, *, opened: bool, environment: Mapping[str, str]) -> str:
    """
    Write the text: who asks, where the login happens, and the link.

    :param invitation: What to tell.
    :param opened: True if a browser was started.
    :param environment: The environment: over SSH, the port of the answer has to be forwarded.
    :returns: The text.
    """
    port = urlsplit(invitation.redirect_uri).port
    lines = [
        "",
        f"{invitation.server_url} asks you to log in at {invitation.issuer}.",
        "Your browser opens now. If it does not, open this link:" if opened else "Open this link in your browser:",
        "",
        f"    {invitation.authorization_url}",
        "",
    ]
    if environment.get("SSH_CONNECTION") and not opened:
        lines[-1:] = [
            "",
            "You are connected over SSH. So that the answer finds its way back, first run this on your own computer:",
            "",
            f"    ssh -N -L {port}:127.0.0.1:{port} {environment.get('USER', 'you')}@this-host",
            "",
        ]
    return "\n".join(lines)


def _print(text: str) -> None:
    stream = sys.stderr or sys.__stderr__
    if stream is not None:  # a program without a console has neither
        with suppress(OSError, ValueError):  # or one that is closed
            stream.write(text + "\n")
            stream.flush()
