# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What discovery has found, and what a grant makes of it: parameters, the key to bind to, the session."""

from dataclasses import dataclass, replace

from valetkey._policy.tolerance import as_presented
from valetkey.profiles.profile import STANDARD, BearerName, Profile
from valetkey.protocol.dpop import key_of
from valetkey.protocol.token_request import TokenRequest
from valetkey.values import ResourceMetadata, Scope, Secret, ServerMetadata, Session, Token


@dataclass(frozen=True, slots=True)
class AuthorizationTarget:
    """
    What a grant needs to know.

    :param resource: The identifier of the MCP server as a resource.
    :param scopes: The scope the resource publishes, if any.
    :param server: The authorization server.
    :param profile: How it wants to be treated: what is known of the provider, under what the user has set.
    :param metadata: What the resource says about itself, None where it publishes nothing.
    :param dpop_key: The key that the new token is to be bound to; None for a Bearer token.
    :param bearer: Which token the MCP server wants to see.
    :param asked: What was asked where nothing was found, and what came back.
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
        """
        Let a token request ask for a token that is bound to the key, if there is one (RFC 9449 §5).

        :param request: The request of a grant, to this server.
        :returns: The request to send.
        """
        return replace(request, dpop_key=self.dpop_key)

    def session(self, token: Token, request: TokenRequest, *, interactive: bool) -> Session:
        """
        Make the session of a token that was obtained from nothing.

        :param token: The token.
        :param request: The request that brought it, as `bind` gave it.
        :param interactive: True if a person logged in for it.
        :returns: The session.
        :raises Unsupported: If the token cannot be presented as the MCP server wants it.
        """
        if request.dpop_key != self.dpop_key:
            message = "the grant has not proved the key"
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
