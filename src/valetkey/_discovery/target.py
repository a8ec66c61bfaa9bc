# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The result of discovery, and what a grant makes of it: parameters, the key to bind the token to, the session."""

from dataclasses import dataclass, replace

from valetkey._policy.tolerance import as_presented
from valetkey.profiles.profile import STANDARD, BearerName, Profile
from valetkey.protocol.dpop import key_of
from valetkey.protocol.token_request import TokenRequest
from valetkey.values import ResourceMetadata, Scope, Secret, ServerMetadata, Session, Token


@dataclass(frozen=True, slots=True)
class AuthorizationTarget:
    """
    The authorization server and the resource that a token is for.

    `scopes` and `metadata` are None where the resource publishes none; `dpop_key` is None for a Bearer token.

    :param asked: One line for each request for metadata, where there is none: the URL and what came back.
    """

    resource: str
    scopes: Scope | None
    server: ServerMetadata
    profile: Profile = STANDARD
    metadata: ResourceMetadata | None = None
    dpop_key: Secret | None = None
    bearer: BearerName = "access_token"
    asked: tuple[str, ...] = ()

    @property
    def resource_parameter(self) -> str | None:
        """The value of the `resource` parameter (RFC 8707 §2); None where the provider does not take it."""
        return self.resource if self.profile.send_resource else None

    @property
    def audience_parameter(self) -> str | None:
        """The value of the `audience` parameter; None where the provider does not want one (Auth0 does)."""
        return self.resource if self.profile.send_audience else None

    def bind(self, request: TokenRequest) -> TokenRequest:
        """Let a token request ask for a token that is bound to the key, if there is a key (RFC 9449 §5)."""
        return replace(request, dpop_key=self.dpop_key)

    def session(self, token: Token, request: TokenRequest, *, interactive: bool) -> Session:
        """Make the session of a token from a request that `bind` gave; `interactive` if a person logged in for it."""
        if request.dpop_key != self.dpop_key:
            message = "the grant did not send the request that bind gave"
            raise ValueError(message)
        token = as_presented(token, self.bearer)
        return Session(
            token=token,
            client=request.client,
            server=request.server,
            resource=request.resource,
            requested_scope=request.scope,
            interactive=interactive,
            dpop_key=key_of(token, self.dpop_key, request.server.issuer),
        )
