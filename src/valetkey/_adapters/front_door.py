# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a program does with an `OAuth` object by name: log in ahead of time, see the session, log out."""

from typing import TYPE_CHECKING, NoReturn, Self

from valetkey._adapters.unforeseen import as_auth_error
from valetkey.errors.copies import without_secrets

if TYPE_CHECKING:
    from valetkey._engine.engine import Engine
    from valetkey._engine.logout import LogoutResult
    from valetkey.login.pending import PendingLogin
    from valetkey.values import Session


class FrontDoor:
    """
    The login of one MCP server, used by name.

    A copy is the object itself: it has a login that may be running, and a connection to the store.
    """

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine

    @property
    def engine(self) -> "Engine":
        """The engine behind it, which gives and replaces tokens."""
        return self._engine

    @property
    def session(self) -> "Session | None":
        """
        The session in the store, or None: who issued the token, for what, until when. Secrets in it do not show.

        This reads the store, and blocks for as long as that takes. It sends no request and asks no person.

        :raises StoreError: If the store cannot be read.
        """
        with as_auth_error:
            return self._engine.stored_session()

    def login(self, *, seconds: float | None = None) -> "Session | None":
        """
        Log in ahead of time, if the MCP server wants a login or offers one.

        The server is asked first, with a ping that begins no MCP session there. If it does not reject the token of the
        stored session, that session is returned and no person is asked. If it wants a login, or publishes metadata of
        one beside anonymous access, the login begins. Otherwise the result is None, and nothing is stored. From then on
        the token goes along with every request, also to a server that never answers 401.

        A login that you ask for is not held back by earlier failures. `seconds` is the timeout; None waits until the
        login has ended (see `login_timeout`). If the time is over or the call is interrupted, the login goes on, and
        the next call waits for it again.

        :raises ConfigurationError: If this thread runs an event loop, which must not wait for a person: await
            `login_async()` there.
        :raises LoginRequired: If no person may be asked here, or none has answered within `seconds`.
        :raises TemporaryError: If the server cannot be reached.
        :raises AuthError: If no token can be obtained.
        """
        with as_auth_error:
            return self._engine.login(seconds=seconds)

    async def login_async(self, *, seconds: float | None = None) -> "Session | None":
        """
        Do what `login` does, in a task of any event loop, which goes on meanwhile.

        :raises AuthError: As `login` does.
        """
        with as_auth_error:
            return await self._engine.login_async(seconds=seconds)

    def begin(self, *, seconds: float | None = None) -> "PendingLogin | None":
        """
        Begin a login that no thread waits for (`login="link"`), and say where the person logs in.

        The login waits in the store for `login_timeout`, and any process with the same store can complete it. If one
        waits there already, also of another process, it is returned again. `seconds` is the timeout for the requests
        that find out where to log in.

        Returns the login; None if the MCP server neither wants nor offers one, or does not reject the stored session.

        :raises ConfigurationError: If `login` is not "link", or this thread runs an event loop.
        :raises AuthError: If no login can be begun.
        """
        with as_auth_error:
            return self._engine.begin(seconds=seconds)

    async def begin_async(self, *, seconds: float | None = None) -> "PendingLogin | None":
        """
        Do what `begin` does, in a task of any event loop.

        :raises AuthError: As `begin` does.
        """
        with as_auth_error:
            return await self._engine.begin_async(seconds=seconds)

    def complete(self, callback_url: str, *, principal: str | None = None) -> "Session":
        """
        Complete a login that this or another process has begun, and return its session.

        `callback_url` is the whole URL that the person's browser came to. `principal` is the user whose browser it is,
        exactly as the login was begun for; None means the principal of these settings. An answer that belongs to
        another login or another user is refused, and the login goes on waiting.

        :raises StateMismatch: If the answer belongs to another login, or to one of another user.
        :raises IssuerMismatch: If the answer comes from another authorization server.
        :raises LoginFailed: If the person has declined, or no login waits for the answer any more.
        :raises AuthError: If no token can be obtained.
        """
        with as_auth_error:
            return self._engine.complete(callback_url, principal=principal)

    async def complete_async(self, callback_url: str, *, principal: str | None = None) -> "Session":
        """
        Do what `complete` does, in a task of any event loop.

        :raises AuthError: As `complete` does.
        """
        with as_auth_error:
            return await self._engine.complete_async(callback_url, principal=principal)

    def logout(self) -> "LogoutResult":
        """
        Log out: revoke the tokens where the authorization server offers it (RFC 7009), and delete the session.

        The session is deleted also if the authorization server cannot be reached; the result says what it has not done.
        A login that waits for a person is broken off.

        :raises StoreError: If the session cannot be deleted.
        """
        with as_auth_error:
            return self._engine.logout()

    async def logout_async(self) -> "LogoutResult":
        """
        Do what `logout` does, in a task of any event loop.

        :raises StoreError: If the session cannot be deleted.
        """
        with as_auth_error:
            return await self._engine.logout_async()

    def __repr__(self) -> str:
        settings = self._engine.settings
        named = [repr(without_secrets(settings.server_url, settings.server_url))]
        named += [f"principal={settings.principal!r}"] if settings.principal != type(settings).principal else []
        named += [f"label={settings.label!r}"] if settings.label != type(settings).label else []
        return f"<{type(self).__name__}({', '.join(named)}): {self._engine.state}>"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        message = (
            f"{type(self).__name__} is not pickled: it has a login that may be running, and tokens that a pickle would "
            "show. Make one with the same options where it is needed; the session is shared through the store."
        )
        raise TypeError(message)
