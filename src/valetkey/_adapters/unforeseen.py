# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The boundary to the caller: an error that no part of ours has foreseen becomes an `AuthError`, which he expects."""

from types import TracebackType

from valetkey.errors import AuthError, TemporaryError


class _Boundary:
    """Turns what is unforeseen into an `AuthError`; a cancellation, Ctrl-C and the end of a generator pass."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None or not isinstance(error, Exception) or isinstance(error, AuthError | StopIteration):
            return
        message = f"Valetkey has met an error that it did not foresee: {type(error).__name__}."
        hint = "Try again; if it comes again, report it with the error behind this one."
        raise TemporaryError(message, hint=hint) from error


as_auth_error = _Boundary()
"""The context of everything that an adapter asks of the engine. It has no state, so one is enough."""
