# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a user of the web app is told about an error, and with which status: first row whose condition holds."""

from valetkey.errors import AuthError, LoginFailed, StateMismatch, StoreError, TemporaryError

_ROWS: tuple[tuple[type[AuthError], int, str], ...] = (
    (StateMismatch, 403, "This answer does not count"),
    (LoginFailed, 400, "The login did not work"),
    (StoreError, 503, "Not now"),
    (TemporaryError, 503, "Not now"),
    (AuthError, 502, "The login did not work"),
)


def told_of(error: AuthError) -> tuple[int, str, str, str]:
    """Give the status, the title, what happened and what to do."""
    status, title = next((status, title) for kind, status, title in _ROWS if isinstance(error, kind))
    if isinstance(error, StoreError):  # its text names places and programs of the operator, and says them what to do
        return status, title, "Your connections cannot be read or written at the moment.", "Try again in a moment."
    if isinstance(error, LoginFailed) and error.error == "access_denied":  # RFC 6749 §4.1.2.1
        hint = "If you want to be connected, go back to where you came from, ask for a new link, and allow the access."
        return status, "You are not connected", "You have declined the access, or the server does not allow it.", hint
    return status, title, error.message, error.hint
