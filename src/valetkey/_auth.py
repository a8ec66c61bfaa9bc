# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The authentication flow of both HTTP libraries: `valetkey.httpx2` and `valetkey.httpx` add the base class and no more.

A request gets the token at hand and is sent. If the server rejects the token, the request is sent once more with
another one; whatever comes then is the caller's. Nothing is locked meanwhile, and no response body is touched.
"""

from collections.abc import AsyncGenerator, Generator, Sequence
from typing import Any, Generic, Protocol, TypeVar

from valetkey import policy, values
from valetkey.build import build_engine
from valetkey.engine import Engine
from valetkey.login import Login, LoginName
from valetkey.protocol.challenge import Challenge, parse_challenges
from valetkey.settings import LOGIN_SECONDS, GrantName, Settings
from valetkey.store import Store
from valetkey.values import Secret, Token, scope_from_text

_AUTHORIZATION = "Authorization"
_OURS = "valetkey.credential"
"""The extension of a request that has a credential from us: sent once more, it is still ours to replace."""


class AnyRequest(Protocol):
    """What the requests of both libraries have in common."""

    @property
    def url(self) -> Any: ...
    @property
    def headers(self) -> Any: ...
    @property
    def extensions(self) -> Any: ...
    def read(self) -> bytes: ...
    async def aread(self) -> bytes: ...


class AnyResponse(Protocol):
    """What the responses of both libraries have in common."""

    @property
    def url(self) -> Any: ...
    @property
    def status_code(self) -> int: ...
    @property
    def headers(self) -> Any: ...


RequestT = TypeVar("RequestT", bound=AnyRequest)
ResponseT = TypeVar("ResponseT", bound=AnyResponse)


class AuthFlow(Generic[RequestT, ResponseT]):
    """
    The login of an MCP server as an `Auth` object: finds, obtains, keeps and renews the token.

    ```python
    client = httpx2.AsyncClient(auth=OAuth("https://mcp.example.com/mcp"))
    ```

    One object may be used by any number of clients, threads and event loops. A server that wants no login gets the
    requests it would have got without it.

    :param url: The URL of the MCP server. Requests to another origin are left alone.
    :param client_id: A client registered by hand; without one, Valetkey registers itself.
    :param client_secret: Its secret. With it and without `redirect_uri`, a machine logs in (client credentials).
    :param client_authentication: "none", "client_secret_basic" or "client_secret_post"; None lets the server decide.
    :param client_name: The name shown on consent pages when Valetkey registers itself.
    :param issuer: The only authorization server to trust, exactly as its metadata names it.
    :param authorization_endpoint: Replaces what discovery finds.
    :param token_endpoint: Replaces what discovery finds.
    :param registration_endpoint: Replaces what discovery finds.
    :param resource: The `resource` value to send instead of the discovered one.
    :param scope: Exactly this scope is asked for: a text with spaces or a sequence.
    :param redirect_uri: A fixed loopback address for the answer of a login.
    :param grant: "auto", "authorization_code" or "client_credentials".
    :param login: How a person is asked: "auto", "link", "never", or an object of your own.
    :param login_timeout: Seconds a person has for a login.
    :param store: Where sessions are kept: "memory:", "sqlite:///path", an object of your own; None for the default.
    :param principal: Whose session this is.
    :param label: Tells several sessions of one principal at one server apart.
    :param strict: True switches every tolerance in comparing identifiers off.
    :raises ConfigurationError: If the settings contradict each other.
    """

    def __init__(
        self,
        url: str,
        *,
        client_id: str | None = None,
        client_secret: str | Secret | None = None,
        client_authentication: str | None = None,
        client_name: str = "Valetkey",
        issuer: str | None = None,
        authorization_endpoint: str | None = None,
        token_endpoint: str | None = None,
        registration_endpoint: str | None = None,
        resource: str | None = None,
        scope: str | Sequence[str] | None = None,
        redirect_uri: str | None = None,
        grant: GrantName = "auto",
        login: Login | LoginName = "auto",
        login_timeout: float = LOGIN_SECONDS,
        store: Store | str | None = None,
        principal: str = "local",
        label: str = "default",
        strict: bool = False,
    ) -> None:
        settings = Settings(
            server_url=url,
            client_id=client_id,
            client_secret=Secret(client_secret) if isinstance(client_secret, str) else client_secret,
            client_authentication=values.client_authentication(client_authentication),
            client_name=client_name,
            issuer=issuer,
            authorization_endpoint=authorization_endpoint,
            token_endpoint=token_endpoint,
            registration_endpoint=registration_endpoint,
            resource=resource,
            scope=scope_from_text(scope if scope is None or isinstance(scope, str) else " ".join(scope)),
            redirect_uri=redirect_uri,
            grant=grant,
            login_timeout=login_timeout,
            principal=principal,
            label=label,
            strict=strict,
        )
        self._engine = build_engine(settings, store=store, login=login)

    @property
    def engine(self) -> Engine:
        """The engine behind it: `auth.engine.replace(None)` logs in ahead of time."""
        return self._engine

    def sync_auth_flow(self, request: RequestT) -> Generator[RequestT, ResponseT, None]:
        """
        Authenticate a request of a sync client.

        :param request: The request.
        :returns: What the client sends.
        :raises AuthError: If the server wants a token and none can be obtained.
        """
        if not self._applies_to(request):
            yield request
            return
        request.read()  # a body that is a stream could not be sent twice
        token = self._engine.current()
        if token is None and self._engine.is_known():
            token = self._engine.replace(None)
        response = yield _with_token(request, token)
        challenges = self._rejection(response)
        if challenges is not None:
            yield _with_token(request, self._engine.replace(token, challenges))

    async def async_auth_flow(self, request: RequestT) -> AsyncGenerator[RequestT, ResponseT]:
        """
        Authenticate a request of an async client.

        :param request: The request.
        :returns: What the client sends.
        :raises AuthError: If the server wants a token and none can be obtained.
        """
        if not self._applies_to(request):
            yield request
            return
        await request.aread()
        token = self._engine.current()
        if token is None and self._engine.is_known():
            token = await self._engine.replace_async(None)
        response = yield _with_token(request, token)
        challenges = self._rejection(response)
        if challenges is not None:
            yield _with_token(request, await self._engine.replace_async(token, challenges))

    def _applies_to(self, request: RequestT) -> bool:
        """A request for somebody else, or with a credential of its own, is none of ours."""
        credential = request.headers.get(_AUTHORIZATION)
        is_ours = credential is None or Secret(credential) == request.extensions.get(_OURS)
        return is_ours and self._engine.serves(str(request.url))

    def _rejection(self, response: ResponseT) -> tuple[Challenge, ...] | None:
        """What another origin says after a redirect is no word of the MCP server."""
        return rejection(response) if self._engine.serves(str(response.url)) else None


def rejection(response: AnyResponse) -> tuple[Challenge, ...] | None:
    """
    Read from a response whether it asks for another token.

    :param response: The response; its body is not touched.
    :returns: Its challenges if it does, else None.
    """
    if response.status_code not in (401, 403):
        return None
    challenges = parse_challenges(response.headers.get_list("www-authenticate"))
    return challenges if policy.is_rejection(response.status_code, challenges) else None


def _with_token(request: RequestT, token: Token | None) -> RequestT:
    if token is not None:
        credential = f"Bearer {token.access_token.reveal()}"
        request.headers[_AUTHORIZATION] = credential
        request.extensions[_OURS] = Secret(credential)
    return request
