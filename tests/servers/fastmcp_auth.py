# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The authorization of the FastMCP test server: none, one static token, its own logins, or somebody else's tokens."""

import time
from collections.abc import Callable, Mapping

from fastmcp.server.auth import (
    AccessToken,
    AuthProvider,
    JWTVerifier,
    RemoteAuthProvider,
    StaticTokenVerifier,
    TokenVerifier,
)
from fastmcp.server.auth.providers.in_memory import InMemoryOAuthProvider
from mcp.server.auth.provider import AccessToken as SDKAccessToken
from mcp.server.auth.provider import AuthorizationCode, AuthorizationParams, AuthorizeError, RefreshToken
from mcp.server.auth.settings import ClientRegistrationOptions, RevocationOptions
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken
from pydantic import AnyHttpUrl

SCOPE = "mcp"
Actions = Mapping[str, Callable[[], None]]
"""What a test can do to the server, by name."""


def static_token(token: str) -> tuple[AuthProvider, Actions]:
    """
    Accept one token that somebody handed out.

    :param token: The token.
    :returns: The provider and its actions.
    """
    verifier = StaticTokenVerifier({token: {"client_id": "static", "scopes": [SCOPE]}}, required_scopes=[SCOPE])
    return verifier, {"revoke-all": verifier.tokens.clear}


TOKEN_OF = "token-of-"
"""What the token of a user begins with, for `users`; his name follows."""


def tokens_of_users() -> tuple[AuthProvider, Actions]:
    """
    Accept a token of every user, which has his name in it; the MCP session is bound to him.

    :returns: The provider and its actions.
    """
    return TokensOfUsers(required_scopes=[SCOPE]), {}


class TokensOfUsers(TokenVerifier):
    """Takes a user's word for who he is."""

    async def verify_token(self, token: str) -> AccessToken | None:
        """Verify a token."""
        user = token.removeprefix(TOKEN_OF)
        return None if user == token else AccessToken(token=token, client_id=user, scopes=[SCOPE], subject=user)


def own_logins(base_url: str, access_token_seconds: int, *, deny: bool) -> tuple[AuthProvider, Actions]:
    """
    Be authorization server and resource server in one.

    :param base_url: The server's URL.
    :param access_token_seconds: The life of an access token.
    :param deny: The person says no.
    :returns: The provider and its actions.
    """
    provider = OwnLogins(base_url, access_token_seconds, deny=deny)
    return provider, {
        "revoke-all": provider.forget_access_tokens,
        "revoke-grants": provider.forget_grants,
        "forget-clients": provider.clients.clear,
    }


def tokens_of(issuer: str, base_url: str, path: str) -> tuple[AuthProvider, Actions]:
    """
    Accept the tokens of an authorization server, and point clients to it.

    :param issuer: The authorization server.
    :param base_url: This server's URL.
    :param path: The path of the MCP endpoint.
    :returns: The provider and its actions.
    """
    verifier = TokensOfAnother(issuer, base_url + path)
    provider = RemoteAuthProvider(verifier, authorization_servers=[AnyHttpUrl(issuer)], base_url=base_url)
    return provider, {"revoke-all": verifier.refuse_known_tokens}


class OwnLogins(InMemoryOAuthProvider):
    """
    FastMCP's own logins, with a chosen life of the access tokens.

    :param base_url: The server's URL.
    :param access_token_seconds: The life of an access token.
    :param deny: The person says no.
    """

    def __init__(self, base_url: str, access_token_seconds: int, *, deny: bool) -> None:
        super().__init__(
            base_url=base_url,
            required_scopes=[SCOPE],
            client_registration_options=ClientRegistrationOptions(
                enabled=True, valid_scopes=[SCOPE], default_scopes=[SCOPE]
            ),
            revocation_options=RevocationOptions(enabled=True),
        )
        self._seconds = access_token_seconds
        self._deny = deny
        self._ends: dict[str, float] = {}

    def forget_access_tokens(self) -> None:
        """Refuse every access token from now on; refresh tokens stay."""
        self.access_tokens.clear()

    def forget_grants(self) -> None:
        """Refuse every code and token from now on; clients stay."""
        for kept in (self.auth_codes, self.access_tokens, self.refresh_tokens):
            kept.clear()

    async def authorize(self, client: OAuthClientInformationFull, params: AuthorizationParams) -> str:
        """Say yes or no for the person."""
        if self._deny:
            raise AuthorizeError(error="access_denied", error_description="The person said no.")
        return await super().authorize(client, params)

    async def exchange_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: AuthorizationCode
    ) -> OAuthToken:
        """Give tokens for a code."""
        return self._limited(await super().exchange_authorization_code(client, authorization_code))

    async def exchange_refresh_token(
        self, client: OAuthClientInformationFull, refresh_token: RefreshToken, scopes: list[str]
    ) -> OAuthToken:
        """Give new tokens for a refresh token."""
        return self._limited(await super().exchange_refresh_token(client, refresh_token, scopes))

    async def load_access_token(self, token: str) -> SDKAccessToken | None:  # type: ignore[override]  # FastMCP's own
        """Look a token up. FastMCP 4.1 would forget the refresh token together with an expired access token."""
        found = self.access_tokens.get(token)
        return found if found and time.time() < self._ends.get(token, 0.0) else None

    def _limited(self, answer: OAuthToken) -> OAuthToken:
        self._ends[answer.access_token] = time.time() + self._seconds
        self.access_tokens[answer.access_token].expires_at = int(time.time() + self._seconds)
        return answer.model_copy(update={"expires_in": self._seconds})


class TokensOfAnother(JWTVerifier):
    """
    Verifies the tokens of an authorization server elsewhere.

    :param issuer: The authorization server.
    :param resource: The URL the tokens must be made for.
    """

    def __init__(self, issuer: str, resource: str) -> None:
        super().__init__(
            jwks_uri=issuer + "/jwks", issuer=issuer, audience=resource, algorithm="RS256", required_scopes=[SCOPE]
        )
        self._known: set[str] = set()
        self._refused: set[str] = set()

    def refuse_known_tokens(self) -> None:
        """Refuse every token that was accepted so far: a JWT cannot be taken back at its issuer."""
        self._refused |= self._known

    async def verify_token(self, token: str) -> AccessToken | None:
        """Verify a token."""
        accepted = None if token in self._refused else await super().verify_token(token)
        if accepted is not None:
            self._known.add(token)
        return accepted
