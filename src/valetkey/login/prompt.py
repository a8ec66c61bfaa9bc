# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a person reads in the terminal or the notebook when a login is needed."""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from valetkey.login.browser import open_browser
from valetkey.seams import LoginPrompt


def show_in_browser(prompt: LoginPrompt) -> None:
    """
    Open the link in a browser, and print it for the case that none appears.

    A page that wants a code is only opened if the link brings it along: else the person may rather use another device.

    :param prompt: What to tell.
    """
    link = prompt.authorization_url if prompt.user_code is None else prompt.link_with_code
    opened = link is not None and open_browser(link)
    print_text(prompt_text(prompt, opened=opened, environment=os.environ))


def print_link(prompt: LoginPrompt) -> None:
    """
    Print the link.

    :param prompt: What to tell.
    """
    print_text(prompt_text(prompt, opened=False, environment=os.environ))


def print_link_alone(prompt: LoginPrompt) -> None:
    """
    Print the link, without a word about how the answer finds its way back: somebody brings it.

    :param prompt: What to tell.
    """
    print_text(prompt_text(prompt, opened=False, environment={}))


def prompt_text(prompt: LoginPrompt, *, opened: bool, environment: Mapping[str, str]) -> str:
    """
    Write the text: who asks, where the login happens, and the link.

    :param prompt: What to tell.
    :param opened: True if a browser was started.
    :param environment: The environment: over SSH, the port of the answer has to be forwarded.
    :returns: The text.
    """
    lines = ["", f"{prompt.server_url} asks you to log in at {prompt.issuer}."]
    if prompt.user_code is not None:
        lines += _code_lines(prompt, prompt.user_code, opened=opened)
    else:
        lines += _link_lines(prompt, opened=opened, environment=environment)
    return "\n".join(lines)


def _link_lines(prompt: LoginPrompt, *, opened: bool, environment: Mapping[str, str]) -> list[str]:
    lines = [
        "Your browser opens now. If it does not, open this link:" if opened else "Open this link in your browser:",
        "",
        f"    {prompt.authorization_url}",
        "",
    ]
    if environment.get("SSH_CONNECTION") and not opened:
        port = urlsplit(prompt.redirect_uri or "").port
        lines += [
            "You are connected over SSH. So that the answer finds its way back, first run this on your own computer:",
            "",
            f"    ssh -N -L {port}:127.0.0.1:{port} {environment.get('USER', 'you')}@this-host",
            "",
        ]
    return lines


def _code_lines(prompt: LoginPrompt, user_code: str, *, opened: bool) -> list[str]:
    """RFC 8628 §3.3.1: the code is shown even where a link brings it along."""
    page, code = ["", f"    {prompt.authorization_url}", ""], ["", f"    {user_code}", ""]
    if opened:
        return [
            "Your browser opens now. Check that it shows this code:",
            *code,
            "If no browser opens, go to this page on any device and enter the code:",
            *page,
        ]
    lines = ["Open this page in a browser, on this or any other device:", *page, "Enter this code there:", *code]
    if prompt.link_with_code is not None:
        lines += ["Or open this link, which already has the code in it:", "", f"    {prompt.link_with_code}", ""]
    return lines


def print_text(text: str) -> None:
    """
    Print a text to standard error: standard output belongs to the program.

    :param text: The text; a program without a console says nothing.
    """
    stream = sys.stderr or sys.__stderr__
    if stream is not None:  # a program without a console has neither
        with suppress(OSError, ValueError):  # or one that is closed
            stream.write(text + "\n")
            stream.flush()
