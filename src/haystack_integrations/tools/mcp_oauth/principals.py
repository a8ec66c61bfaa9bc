# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Whose session a call uses: the user that the settings name, or the one that the program has named around the call.

A principal names a record in the store, so it is compared character by character, and only checked for what no name of
a user can be.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

from valetkey.errors import AuthError, ConfigurationError, quote
from valetkey.settings.names import require_principal

LOCAL = "local"
"""The principal of a program that names no user: the person or machine that runs it."""

PrincipalSource = str | Callable[[], str] | None
"""The name of a user, a function that gives it for each call, or None for the user of `as_user`."""

NOT_SIGNED_IN = ""
"""What stands in the context of a request that no user makes; no principal is empty."""

_user: ContextVar[str | None] = ContextVar("valetkey_user", default=None)


@contextmanager
def as_user(principal: str) -> Iterator[None]:
    """
    Let the calls in this block use the sessions of one user.

    It counts in this thread or task, and in those that Haystack starts from it, for every MCP server whose
    `OAuthConfig` names no `principal`. In a generator that is resumed from elsewhere, it ends with the first `yield`:
    put the block around what reads the generator.

    :param principal: The name of the user, as the application knows him after he has proved who he is.
    :raises ConfigurationError: If it is empty, too long, not printable, or the name for the program itself.
    """
    with _bound(require_user(principal)):
        yield


@contextmanager
def as_nobody() -> Iterator[None]:
    """Let the calls in this block use no session: they are of a visitor who has not proved who he is."""
    with _bound(NOT_SIGNED_IN):
        yield


@contextmanager
def _bound(principal: str) -> Iterator[None]:
    token = _user.set(principal)
    try:
        yield
    finally:
        with suppress(ValueError):  # a generator has been ended in another context, where nothing was set
            _user.reset(token)


def current_user() -> str | None:
    """
    Tell which user's sessions the calls of this thread or task use.

    :returns: The principal that `as_user` was given; None outside of its blocks.
    """
    return _user.get() or None


def principal_of(source: PrincipalSource) -> str:
    """Give the principal of a call, in the context of its caller; a `ConfigurationError` if it cannot be one."""
    if source is None:
        user = _user.get()
        if user == NOT_SIGNED_IN:
            message = "The user of this request is not signed in, and the session of the program is not for visitors."
            raise ConfigurationError(message, hint="Sign in to this application, then try again.")
        return user or LOCAL
    return require_principal(source) if isinstance(source, str) else require_user(_given_by(source))


def _given_by(function: Callable[[], str]) -> object:
    try:
        return function()
    except AuthError:
        raise
    except Exception as error:
        message = f"The function that names the user of a call has failed: {type(error).__name__}."
        raise ConfigurationError(message, hint="Let it return the name of the user of each call.") from error


def require_user(principal: object) -> str:
    """Refuse what cannot be a user's name, and the name of the program: its session is not for any user."""
    checked = require_principal(principal)
    if checked == LOCAL:
        message = f"A user cannot have the principal {quote(LOCAL)}, which is the program itself."
        raise ConfigurationError(message, hint="Put something before the names of your users, as in user:local.")
    return checked
