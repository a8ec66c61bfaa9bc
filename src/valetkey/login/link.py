# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A login that no thread waits for (`login="link"`): it is begun, its link is told, and its answer completes it.

The answer may come to another process than the one that began it (docs/decisions/two-phase-login.md).
"""

from valetkey.errors import LoginRequired
from valetkey.seams import LoginAttempt

ADDRESS = "http://127.0.0.1:49374/callback"
"""Where a browser stops whose address the person hands over: a port that RFC 6335 §6 leaves to any program."""


class LinkLogin:
    """Tells the engine to begin a login and to leave its answer to `complete`."""

    def open(self, redirect_uri: str | None, *, fixed: bool) -> LoginAttempt:  # noqa: ARG002 - whatever the address
        """
        Fail: there is no attempt that could wait.

        :raises LoginRequired: Always.
        """
        message = 'A login with login="link" is begun and completed, and no thread waits for it.'
        raise LoginRequired(message, hint="Call begin() and complete().")
