# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A person logs in on another device: here they are only told where, and with which code (RFC 8628 §3.3)."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from valetkey.errors import AuthError
from valetkey.login.prompt import print_text
from valetkey.seams import LoginPrompt


class NoticeAttempt:
    """
    One login on another device.

    :param show: Brings the prompt to the person; must not block.
    """

    def __init__(self, show: Callable[[LoginPrompt], None]) -> None:
        self._show = show

    def show(self, prompt: LoginPrompt) -> None:
        """
        Show the page and the code.

        :param prompt: What to tell.
        """
        self._show(prompt)

    def conclude(self, error: AuthError | None) -> None:
        """
        Tell the person that it worked: the page on the other device cannot know. An error is told by the program.

        :param error: What went wrong, None if the login succeeded.
        """
        if error is None:
            print_text("You are logged in.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Do nothing: nothing is open."""
