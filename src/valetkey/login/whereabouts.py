# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Where the person is: in front of a terminal, of a notebook, or nowhere that this program can reach."""

import sys

from valetkey.errors import LoginRequired
from valetkey.login.kernel import kernel_input, read_kernel
from valetkey.login.line_reading import LineReader, has_ended, read_terminal

NOWHERE = "no browser, no terminal and no notebook"
"""What is missing where a login has looked for the person everywhere."""
_NOWHERE_TO_PASTE = "no terminal and no notebook to paste the answer into"

_HINT = (
    "Log in once where a person is, with the same session store (valetkey login URL); or use the credentials of a "
    'machine; or login="link" with public_url in a web app, login="device" where a person reads the output, '
    'login="paste" in a terminal or notebook.'
)
_HINT_WITHOUT_PASTING = (
    "Log in once where a person is, with the same session store (valetkey login URL); or use the credentials of a "
    'machine; or login="link" with public_url in a web app, login="device" where a person reads the output, '
    'login="browser" on a computer with one.'
)


def is_watched() -> bool:
    """Tell whether a person reads at once what is printed to standard error."""
    return kernel_input() is not None or _is_terminal(sys.stderr)


def is_person_here() -> bool:
    """Tell whether a person reads what is printed, or can type."""
    return is_watched() or _is_terminal(sys.stdin)


def person_to_ask() -> LineReader | None:
    """Give the way to let the person enter a line; None where no person can."""
    if kernel_input() is not None:
        return read_kernel
    return read_terminal if _is_terminal(sys.stdin) else None


def may_enter_line() -> bool:
    """Tell whether a line may come from a person, or from a program that writes to standard input."""
    return person_to_ask() is not None or not has_ended(sys.stdin)


def no_person_here(what: str) -> LoginRequired:
    """Make the error for a login that needs a person where none can be asked."""
    return LoginRequired(_message(what), hint=_HINT)


def no_person_to_paste() -> LoginRequired:
    """Make the error for a login whose answer is pasted, where none can be; its hint leads to another way."""
    return LoginRequired(_message(_NOWHERE_TO_PASTE), hint=_HINT_WITHOUT_PASTING)


def _message(what: str) -> str:
    return f"A person has to log in, and none can be asked here: there is {what}."


def _is_terminal(stream: object) -> bool:
    try:
        return bool(stream is not None and stream.isatty())  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):  # a stream of the program's own, or one that is closed
        return False
