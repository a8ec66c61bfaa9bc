# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A secret that a person gives to a command: from a variable, a file or a question, and never as an argument."""

import os
import sys
from pathlib import Path

from valetkey._cli.outcome import CommandFailed, ExitCode
from valetkey.values import Secret

ASK = "ask"


def read_client_secret(source: str | None) -> Secret | None:
    """Read what `--client-secret` names, if it is given."""
    return None if source is None else read_secret(source, "The client's secret: ")


def read_secret(source: str, question: str) -> Secret:
    """Read the secret from where the text says: `env:NAME`, `file:PATH` or `ask`."""
    kind, _, place = source.partition(":")
    if source == ASK:
        return _asked(question)
    if kind == "env" and place:
        text = os.environ.get(place)
        return _required(text, f"The environment variable {place} is not set.")
    if kind == "file" and place:
        try:
            text = Path(place).expanduser().read_text("utf-8").strip()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            return _required(None, f"The file {place} cannot be read: {reason}.")
        return _required(text, f"The file {place} is empty.")
    message = "A secret is not given as an argument: other users of this computer could read it."
    raise CommandFailed(message, hint="Give env:NAME, file:PATH or ask.", code=ExitCode.USAGE)


def _asked(question: str) -> Secret:
    if sys.stdin is None:
        return _required(None, "Standard input is closed.")
    if not sys.stdin.isatty():
        return _required(sys.stdin.readline().rstrip("\r\n"), "No secret came on standard input.")
    import getpass

    try:
        return _required(getpass.getpass(question, stream=sys.stderr), "No secret was entered.")
    except EOFError:
        return _required(None, "No secret was entered.")


def _required(text: str | None, problem: str) -> Secret:
    if not text:
        raise CommandFailed(problem, hint="Give env:NAME, file:PATH or ask.", code=ExitCode.USAGE)
    return Secret(text)
