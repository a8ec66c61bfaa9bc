# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The process of a login that goes on when the bridge has ended: `python -m valetkey._cli.bridge.detached`.

It reads one JSON document with the bridge's flags, and says in lines of JSON which link it has shown and how the login
ended. Whether the bridge still listens does not matter to it.
"""

import json
import sys
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from valetkey._cli.bridge.flags import Flags, headers_of, login_of, settings_of
from valetkey._cli.outcome import CommandFailed, code_of
from valetkey.errors import AuthError
from valetkey.login import open_login

if TYPE_CHECKING:
    from valetkey.seams import LoginPrompt


def main() -> int:
    """Log in, and say how that ended."""
    flags = Flags(**json.load(sys.stdin))
    try:
        log_in(flags)
    except (AuthError, CommandFailed) as error:
        _say(failure={"message": error.message, "hint": error.hint, "code": int(code_of(error))})
        return 1
    _say(is_done=True)
    return 0


def log_in(flags: Flags) -> None:
    """Log in with the flags of the bridge."""
    from valetkey.httpx2 import OAuth

    login = TellingLogin(open_login(login_of(flags)))
    OAuth(flags.url, settings=settings_of(flags, headers_of(flags)), login=login, store=flags.store).login()


class TellingLogin:
    """A login that says what it shows to the person, so that the bridge can say it to its client."""

    def __init__(self, login: Any) -> None:
        self._login = login

    def open(self, redirect_uri: str | None, *, fixed: bool) -> Any:
        """Open the login in a browser."""
        return _TellingAttempt(self._login.open(redirect_uri, fixed=fixed))

    def open_device(self) -> Any:
        """Open the login on another device."""
        return _TellingAttempt(self._login.open_device())


class _TellingAttempt:
    def __init__(self, attempt: Any) -> None:
        self._attempt = attempt

    def ask(self, prompt: "LoginPrompt", **limits: Any) -> str:
        _say(link=prompt.authorization_url)
        url: str = self._attempt.ask(prompt, **limits)
        return url

    def show(self, prompt: "LoginPrompt") -> None:
        _say(link=prompt.link_with_code or prompt.authorization_url, code=prompt.user_code)
        self._attempt.show(prompt)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._attempt, name)

    def __enter__(self) -> Self:
        self._attempt.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._attempt.__exit__(kind, error, traceback)


def _say(**what: object) -> None:
    with suppress(OSError, ValueError):  # the bridge has ended
        sys.stdout.write(f"{json.dumps(what)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
