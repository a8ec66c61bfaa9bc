# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The authentication flow of both HTTP libraries: `valetkey.httpx2` and `valetkey.httpx` add the base class and no more.

A request gets the token at hand and is sent. If the server rejects the token, the request is sent once more with
another one; whatever comes then is the caller's. Nothing is locked meanwhile, and no response body is touched. A token
that is bound to a key has a new proof each time, and a server that only wants another proof gets that first.
"""

from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from valetkey import values
from valetkey._adapters.credential import (
    AUTHORIZATION,
    MOST_PROOFS,
    OURS,
    AnyResponse,
    RequestT,
    present,
    proved_anew,
    rejection,
)
from valetkey.login import Login, LoginName
from valetkey.profiles.profile import BearerName
from valetkey.settings.credentials import (
    AssertionSource,
    IdentityProvider,
    PrivateKey,
    RegisteredClient,
    ScopeRequest,
    private_key_of,
    token_source_of,
)
from valetkey.settings.settings import LOGIN_SECONDS, GrantName, Settings
from valetkey.store.protocol import Store
from valetkey.values import Secret, Token, scope_from_text

if TYPE_CHECKING:
    from valetkey._engine.engine import Engine
    from valetkey.protocol.challenge import Challenge

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
    :param client_authentication: "none", "client_secret_basic", "client_secret_post" or "private_key_jwt"; None lets
        the server decide.
    :param client_name: The name shown on consent pages when Valetkey registers itself.
    :param client_metadata_url: The URL of a Client ID Metadata Document of your own, used where the server takes one.
    :param clients: Clients registered by hand, one for each issuer, instead of `client_id`.
    :param private_key: The key your client signs with: the path of a PEM file, a `Secret` with the PEM text, or a
        `PrivateKey`.
    :param signing_algorithm: Its algorithm, for example "ES256"; None lets the key and the server decide.
    :param client_assertion: A callable that gives a signed assertion for an audience, instead of a key.
    :param assertion_audience: The audience of assertions, for servers that do not take their own issuer.
    :param initial_access_token: What allows a registration at `issuer`, for servers that want it.
    :param workload_token: The token a platform gives to this workload: the path of its file, or a callable that gets
        the audience.
    :param identity_provider: The organisation's identity provider, for enterprise-managed authorization.
    :param issuer: The only authorization server to trust, exactly as its metadata names it.
    :param authorization_endpoint: Replaces what discovery finds.
    :param token_endpoint: Replaces what discovery finds.
    :param registration_endpoint: Replaces what discovery finds.
    :param device_authorization_endpoint: Replaces what discovery finds, for a login on another device.
    :param resource: The `resource` value to send instead of the discovered one.
    :param send_resource: False leaves the `resource` parameter out; None lets the provider's profile decide.
    :param scope: Exactly this scope is asked for: a text with spaces or a sequence.
    :param offline_access: False never asks for `offline_access`; None asks where the server lists it.
    :param approve_scope: Called before a person is asked for more scope; False declines.
    :param authorization_parameters: Further parameters of the authorization request.
    :param assume_pkce: True if the server supports S256 without announcing it.
    :param bearer: The token the MCP server wants to see, "access_token" or "id_token".
    :param dpop: True to bind every token to a key, False never to; None does where the MCP server demands it.
    :param redirect_uri: A fixed loopback address for the answer of a login.
    :param grant: "auto", "authorization_code", "device_code", "client_credentials", "workload_identity" or
        "enterprise_managed".
    :param login: How a person is asked: "auto", "link", "paste", "never", or an object of your own.
    :param login_timeout: Seconds a person has for a login.
    :param store: Where sessions are kept: "memory:", "sqlite:///path", an object of your own; None for the default.
    :param principal: Whose session this is.
    :param label: Tells several sessions of one principal at one server apart.
    :param profile: What is known of the provider: "auto", "none" or a name.
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
        client_metadata_url: str | None = None,
        clients: Sequence[RegisteredClient] = (),
        private_key: PrivateKey | Secret | str | Path | None = None,
        signing_algorithm: str | None = None,
        client_assertion: AssertionSource | None = None,
        assertion_audience: str | None = None,
        initial_access_token: str | Secret | None = None,
        workload_token: AssertionSource | str | Path | None = None,
        identity_provider: IdentityProvider | None = None,
        issuer: str | None = None,
        authorization_endpoint: str | None = None,
        token_endpoint: str | None = None,
        registration_endpoint: str | None = None,
        device_authorization_endpoint: str | None = None,
        resource: str | None = None,
        send_resource: bool | None = None,
        scope: str | Sequence[str] | None = None,
        offline_access: bool | None = None,
        approve_scope: Callable[[ScopeRequest], bool] | None = None,
        authorization_parameters: Mapping[str, str] | None = None,
        assume_pkce: bool | None = None,
        bearer: BearerName | None = None,
        dpop: bool | None = None,
        redirect_uri: str | None = None,
        grant: GrantName = "auto",
        login: Login | LoginName = "auto",
        login_timeout: float = LOGIN_SECONDS,
        store: Store | str | None = None,
        principal: str = "local",
        label: str = "default",
        profile: str = "auto",
        strict: bool = False,
    ) -> None:
        settings = Settings(
            server_url=url,
            client_id=client_id,
            client_secret=values.as_secret(client_secret),
            client_authentication=values.client_authentication(client_authentication),
            client_name=client_name,
            client_metadata_url=client_metadata_url,
            clients=tuple(clients),
            private_key=private_key_of(private_key, signing_algorithm),
            client_assertion=client_assertion,
            assertion_audience=assertion_audience,
            initial_access_token=values.as_secret(initial_access_token),
            workload_token=token_source_of(workload_token),
            identity_provider=identity_provider,
            issuer=issuer,
            authorization_endpoint=authorization_endpoint,
            token_endpoint=token_endpoint,
            registration_endpoint=registration_endpoint,
            device_authorization_endpoint=device_authorization_endpoint,
            resource=resource,
            send_resource=send_resource,
            offline_access=offline_access,
            approve_scope=approve_scope,
            authorization_parameters=tuple((authorization_parameters or {}).items()),
            assume_pkce=assume_pkce,
            bearer=bearer,
            dpop=dpop,
            scope=scope_from_text(scope if scope is None or isinstance(scope, str) else " ".join(scope)),
            redirect_uri=redirect_uri,
            grant=grant,
            login_timeout=login_timeout,
            principal=principal,
            label=label,
            profile=profile,
            strict=strict,
        )
        from valetkey._engine.factory import build_engine  # a program that needs no login now does not load it

        self._engine = build_engine(settings, store=store, login=login)

    @property
    def engine(self) -> "Engine":
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
        self._engine.look()  # a sync client blocks its thread anyway, even one that runs an event loop
        token = self._engine.token_at_hand()
        if token is None and self._engine.is_known():
            token = self._engine.replace(None)
        is_new, proofs = False, MOST_PROOFS
        while True:
            response = yield present(self._engine, request, token)
            again = proved_anew(self._engine, request, token, response) if proofs else None
            if again is not None:
                request, proofs = again, proofs - 1
                continue
            challenges = None if is_new else self._rejection(response, token)
            if challenges is None:
                return
            token, is_new, proofs = self._engine.replace(token, challenges), True, MOST_PROOFS

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
        token = await self._engine.current_async()
        if token is None and self._engine.is_known():
            token = await self._engine.replace_async(None)
        is_new, proofs = False, MOST_PROOFS
        while True:
            response = yield present(self._engine, request, token)
            again = proved_anew(self._engine, request, token, response) if proofs else None
            if again is not None:
                request, proofs = again, proofs - 1
                continue
            challenges = None if is_new else self._rejection(response, token)
            if challenges is None:
                return
            token, is_new, proofs = await self._engine.replace_async(token, challenges), True, MOST_PROOFS

    def _applies_to(self, request: RequestT) -> bool:
        """A request for somebody else, or with a credential of its own, is none of ours."""
        credential = request.headers.get(AUTHORIZATION)
        is_ours = credential is None or Secret(credential) == request.extensions.get(OURS)
        return is_ours and self._engine.serves(str(request.url))

    def _rejection(self, response: ResponseT, token: Token | None) -> "tuple[Challenge, ...] | None":
        """What another origin says after a redirect is no word of the MCP server."""
        challenges = rejection(response, token)
        return challenges if challenges is not None and self._engine.serves(str(response.url)) else None
