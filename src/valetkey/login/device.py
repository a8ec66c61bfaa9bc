# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A person logs in on another device, and is told here where, and with which code (RFC 8628 §3.3)."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from valetkey.errors import AuthError
from valetkey.login.prompt import logged_in_text, print_text
from valetkey.seams import LoginPrompt


class NoticeAttempt:
    """One login on another device; `show` brings the prompt to the person."""

    def __init__(self, show: Callable[[LoginPrompt], None]) -> None:
        self._show = show
        self._prompt: LoginPrompt | None = None

    def show(self, prompt: LoginPrompt) -> None:
        """Show the page and the code."""
        self._prompt = prompt
        self._show(prompt)

    def conclude(self, error: AuthError | None) -> None:
        """Print that the login succeeded: the page on the other device cannot know. The caller gets an error itself."""
        if error is None and self._prompt is not None:
            print_text(logged_in_text(self._prompt))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Do nothing: nothing is open."""
