# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The authentication flow of both HTTP libraries: `valetkey.httpx2` and `valetkey.httpx` add the base class and no more.

A request gets the token at hand and is sent. If the server rejects the token, the request is sent once more with
another one; whatever comes then is the caller's. Nothing is locked meanwhile, and no response body is touched, except
that a rejection whose body may have no end is not read. A token that is bound to a key has a new proof each time, and
a server that only wants another proof gets that first.
"""

from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from valetkey._adapters.credential import (
    AUTHORIZATION,
    LOGIN_WAIT,
    AnyRequest,
    AnyResponse,
    RequestT,
    is_ours,
    withdraw,
)
from valetkey._adapters.front_door import FrontDoor
from valetkey._adapters.steps import CurrentToken, IsOutdated, OtherToken, steps_of
from valetkey._adapters.uncovered import Uncovered
from valetkey._adapters.unforeseen import as_auth_error
from valetkey.login import Login, LoginName
from valetkey.store.protocol import Store
from valetkey.values import Secret, Token

if TYPE_CHECKING:
    from valetkey.settings.options import GrantName
    from valetkey.settings.settings import Settings

LONGEST_REJECTION = 65_536
"""Bytes of a rejection's body. Both libraries read it before they send again; a longer one, one without a length, and a
packed one are left unread, and the connection is closed."""


class AuthFlow(FrontDoor):
    """
    The login of an MCP server as an `Auth` object: finds, obtains, keeps and renews the token.

    ```python
    client = MCPHttpClient(auth=OAuth("https://mcp.example.com/mcp"))
    ```

    One object may be used by any number of clients, threads and event loops. A server that wants no login gets the
    requests it would have got without it.

    :param url: The URL of the MCP server. The token goes there, to what lies below it or below the resource that the
        session is for, and to where the server itself redirects or lets an SSE session post. All of this is on its
        origin. Every other request is left alone. If the token is meant for more of the origin, such as an API beside
        the server, give `Settings(resource=...)` a URL that covers both.
    :param login: How a person is asked: "auto" (browser and printed link; without a browser a code for another
        device if the server offers that, else the answer may be pasted, and where no person can be asked, the login
        fails at once), "browser", "paste" (the person pastes the answer),
        "device" (a code for any other device), "link" (`begin` and `complete`, and no thread waits), "never", or an
        object of your own (`valetkey.login`).
    :param store: Where sessions are kept: "memory:", "sqlite:////path/to/file", "redis://host",
        "postgresql://host/database", or an object of your own (`valetkey.store`). None means the environment variable
        VALETKEY_STORE, and without it a file in the user's folder for application data.
    :param settings: Further options. What is given here as a keyword replaces what `settings` has.
    :raises ConfigurationError: If options contradict each other.
    """

    def __init__(
        self,
        url: str,
        *,
        client_id: str | None = None,
        client_secret: str | Secret | None = None,
        scope: str | Sequence[str] | None = None,
        redirect_uri: str | None = None,
        issuer: str | None = None,
        grant: "GrantName | None" = None,
        login: Login | LoginName = "auto",
        store: Store | str | None = None,
        principal: str | None = None,
        label: str | None = None,
        settings: "Settings | None" = None,
    ) -> None:
        given: dict[str, Any] = {
            "client_id": client_id,
            "client_secret": client_secret,
            "scope": scope,
            "redirect_uri": redirect_uri,
            "issuer": issuer,
            "grant": grant,
            "principal": principal,
            "label": label,
        }
        from valetkey._engine.factory import build_engine  # an import of the class loads neither engine nor settings
        from valetkey.settings.settings import Settings

        changes = {name: value for name, value in given.items() if value is not None}
        complete = Settings(url=url, **changes) if settings is None else settings.for_server(url, **changes)
        super().__init__(build_engine(complete, store=store, login=login))
        self._uncovered = Uncovered(self._engine)

    def sync_auth_flow(self, request: RequestT) -> Generator[RequestT, Any, None]:
        """
        Authenticate a request of a sync client.

        :raises AuthError: If the server wants a token and none can be obtained.
        """
        if self._is_undecided(request):
            with as_auth_error:
                self._engine.current()
        if not self._applies_to(request):
            withdraw(request)
            self._uncovered.tell((yield request))
            return
        request.read()  # a body that is a stream could not be sent twice
        steps = steps_of(self._engine, request)
        result: AnyResponse | Token | bool | None = None
        answer: AnyResponse | None = None
        with suppress(StopIteration):
            while True:
                with as_auth_error:
                    step = steps.send(result)
                    match step:
                        case CurrentToken():
                            result = self._engine.current()
                            continue
                        case OtherToken(rejected, challenges):
                            result = self._engine.replace(rejected, challenges)
                            continue
                        case IsOutdated(token):
                            result = self._engine.is_outdated(token)
                            continue
                if answer is not None and _may_have_no_end(answer):
                    answer.stream.close()
                    answer.stream = type(request.stream)(b"")  # of either library: the body that was read
                result = answer = yield step

    async def async_auth_flow(self, request: RequestT) -> AsyncGenerator[RequestT, Any]:
        """
        Authenticate a request of an async client.

        :raises AuthError: If the server wants a token and none can be obtained.
        """
        if self._is_undecided(request):
            with as_auth_error:
                await self._engine.current_async()
        if not self._applies_to(request):
            withdraw(request)
            self._uncovered.tell((yield request))
            return
        await request.aread()
        steps = steps_of(self._engine, request)
        result: AnyResponse | Token | bool | None = None
        answer: AnyResponse | None = None
        with suppress(StopIteration):
            while True:
                with as_auth_error:
                    step = steps.send(result)
                    match step:
                        case CurrentToken():
                            result = await self._engine.current_async()
                            continue
                        case OtherToken(rejected, challenges):
                            seconds = request.extensions.get(LOGIN_WAIT)
                            result = await self._engine.replace_async(rejected, challenges, seconds=seconds)
                            continue
                        case IsOutdated(token):
                            result = await self._engine.is_outdated_async(token)
                            continue
                if answer is not None and _may_have_no_end(answer):
                    await answer.stream.aclose()
                    answer.stream = type(request.stream)(b"")  # of either library: the body that was read
                result = answer = yield step

    def auth_flow(self, request: RequestT) -> Generator[RequestT, Any, None]:
        """
        Do what `sync_auth_flow` does, for a program that combines several `Auth` objects under this name.

        :raises AuthError: If the server wants a token and none can be obtained.
        """
        return self.sync_auth_flow(request)

    def _applies_to(self, request: AnyRequest) -> bool:
        """Leave alone a request to where no token goes, and one with a credential of the caller's own."""
        is_free = AUTHORIZATION not in request.headers or is_ours(request)
        return is_free and self._engine.serves(str(request.url))

    def _is_undecided(self, request: AnyRequest) -> bool:
        """Tell whether the stored session, which has not been looked at, may say that its token goes there."""
        return (
            not self._engine.has_looked and not self._applies_to(request) and self._engine.may_serve(str(request.url))
        )


def _may_have_no_end(answer: AnyResponse) -> bool:
    if answer.is_closed:  # a hook of the caller has read it
        return False
    length = answer.headers.get("content-length", "")
    is_packed = "content-encoding" in answer.headers  # both libraries would unpack a kilobyte to a gigabyte
    is_short = length.isascii() and length.isdigit() and len(length) <= 9 and int(length) <= LONGEST_REJECTION
    return is_packed or not is_short


class OAuthDocumentation:
    """The docstring of `OAuth`, with the texts of the options. Composed when it is read, because that loads them."""

    def __get__(self, instance: object | None, owner: type) -> str | None:
        from valetkey.settings.documentation import compose, parameter_texts
        from valetkey.settings.settings import Settings

        texts = {**parameter_texts(Settings), **parameter_texts(AuthFlow)}
        return compose(AuthFlow.__doc__, ("url", *(AuthFlow.__init__.__kwdefaults__ or {})), texts)
