# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The root of the errors, and the kind that passes by itself."""

from typing import Self

from valetkey.errors.copies import Copies, names
from valetkey.errors.texts import first_lines, harmless


class AuthError(Exception, Copies):
    """
    The family of all errors: catch it to handle whatever kept Valetkey from getting a token.

    :param message: What happened, safe to show.
    :param hint: One sentence that says what to do about it.
    :param tried: What was asked before, one line for each request: the URL and what came back.
    """

    def __new__(cls, *arguments: object, **_attributes: object) -> Self:
        """Refuse the base class, which does not say what the caller does next."""
        if cls is AuthError:
            message = "AuthError is only caught: raise Refused, ConfigurationError or another error below it"
            raise TypeError(message)
        return super().__new__(cls, *arguments)

    def __init__(self, message: str, *, hint: str, tried: tuple[str, ...] = ()) -> None:
        super().__init__(harmless(message))
        self._hint = hint
        self._tried = first_lines(tried)

    @property
    def message(self) -> str:
        """What happened, safe to show; it names the MCP server, unless the hint does."""
        message, server_url = str(self.args[0]), self._server_url
        is_named = server_url is None or names(f"{message} {self._hint}", server_url)
        return self._shown(message if is_named else f"{server_url}: {message}")

    @property
    def hint(self) -> str:
        """One sentence that says what to do."""
        return self._shown(self._hint)

    @property
    def tried(self) -> tuple[str, ...]:
        """What was asked before, one line for each: the URL and what came back. Empty where that says nothing."""
        return tuple(map(self._shown, self._tried))

    @property
    def server_url(self) -> str | None:
        """The URL of the MCP server that the token was for; None for an error that is about no server."""
        return self._server_url

    def __str__(self) -> str:
        asked = f" Asked: {'; '.join(line.rstrip('.') for line in self.tried)}." if self.tried else ""
        return f"{self.message} {self.hint}{asked}"

    def __reduce__(self) -> tuple[object, ...]:
        # Pools pickle errors, and a pickle knows no keyword-only arguments.
        return AuthError.__new__, (type(self), *self.args), self.__dict__


class TemporaryError(AuthError):
    """
    Nothing is lost; the same call may succeed later.

    :param retry_after: Seconds the server asked to wait, if it did.
    :param error: The error code, if the server sent one.
    """

    def __init__(self, message: str, *, hint: str, retry_after: float | None = None, error: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after
        self.error = error
