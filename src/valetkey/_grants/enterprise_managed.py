# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The organisation's identity provider vouches for its employee, who is asked for nothing.

MCP, Enterprise-Managed Authorization; draft-ietf-oauth-identity-assertion-authz-grant ("ID-JAG").
"""

import logging
from dataclasses import dataclass

from valetkey._clients.selection import ClientSelection
from valetkey._discovery.target import AuthorizationTarget
from valetkey._grants.grant import GrantContext
from valetkey._grants.identity_assertions import IdentityAssertions
from valetkey._grants.token_endpoint import TokenEndpoint
from valetkey.errors import Refused, Unsupported
from valetkey.protocol.server import require_identity_assertions, require_token_endpoint
from valetkey.protocol.token_exchange import IdentityAssertion
from valetkey.protocol.token_request import jwt_bearer_request
from valetkey.seams import Seams
from valetkey.settings.credentials import IdentityProvider
from valetkey.settings.settings import Settings
from valetkey.values import Client, Scope, ServerMetadata, Session

_logger = logging.getLogger("valetkey")

MARGIN = 10.0
"""Seconds before its end at which an assertion is not presented any more: it has to arrive, and clocks differ."""


@dataclass(frozen=True, slots=True)
class _Purpose:
    """What an assertion was asked for; it serves nothing else, least of all another server (ID-JAG §8.3)."""

    audience: str
    resource: str
    client_id: str
    scope: Scope | None


@dataclass(frozen=True, slots=True)
class _Kept:
    purpose: _Purpose
    assertion: IdentityAssertion


class EnterpriseManaged:
    """
    An employee whom the identity provider vouches for. Assertions are kept in memory alone.

    :param settings: The settings.
    :param provider: The identity provider.
    :param seams: Where it touches the world.
    :param clients: Who we are at which issuer.
    :param tokens: Asks token endpoints.
    """

    def __init__(
        self,
        settings: Settings,
        provider: IdentityProvider,
        seams: Seams,
        clients: ClientSelection,
        tokens: TokenEndpoint,
    ) -> None:
        self._provider = provider
        self._seams = seams
        self._clients = clients
        self._tokens = tokens
        self._assertions = IdentityAssertions(settings, provider, seams)
        self._kept: _Kept | None = None
        self._strict_issuers: set[str] = set()  # those that take an assertion only once

    def obtain(self, target: AuthorizationTarget, scope: Scope | None, context: GrantContext) -> Session:
        """
        Present the assertion at hand, or else a new one; save the session (ID-JAG §4.4.3).

        :param target: The authorization server and the resource.
        :param scope: The scope to ask for.
        :param context: What belongs to this time.
        :raises Unsupported: If the server takes no identity assertions, or our client is none of its.
        :raises LoginRequired: If the person has to log in at the identity provider.
        :raises Refused: If the provider does not vouch for the person, or the server does not believe it.
        """
        server = require_token_endpoint(target.server)
        require_identity_assertions(server)
        client = self._client(server)
        purpose = _Purpose(server.issuer, target.resource, client.client_id, scope)
        assertion = self._at_hand(purpose)
        if assertion is not None:
            try:
                return self._present(assertion, client, target, context)
            except Refused as refusal:
                self._kept = None
                if refusal.error != "invalid_grant":
                    raise
                # The profile wants servers to take each only once (§7.4.2); few of them last until a token has ended.
                self._strict_issuers.add(server.issuer)
                _logger.info("%s takes an identity assertion only once, another one is asked for", server.issuer)
        assertion = self._assertions.exchange(audience=server.issuer, resource=target.resource, scope=scope)
        try:
            session = self._present(assertion, client, target, context)
        except Refused as refusal:
            provider = self._provider.issuer
            hint = f"Ask the operator of {server.issuer} whether it trusts {provider} and knows this client."
            raise refusal.with_hint(hint) from refusal
        self._kept = _Kept(purpose, assertion)
        return session

    def _client(self, server: ServerMetadata) -> Client:
        client = self._clients.without_registration(server, document=True)
        if client is None:
            message = f"We have no client at {server.issuer}, which takes no client metadata document from us."
            raise Unsupported(message, hint="Register one there by hand, then give its client_id and client_secret.")
        return client

    def _at_hand(self, purpose: _Purpose) -> IdentityAssertion | None:
        kept = self._kept
        if kept is None or kept.purpose != purpose or purpose.audience in self._strict_issuers:
            return None
        ends_at = kept.assertion.expires_at
        return kept.assertion if ends_at is not None and self._seams.now() < ends_at - MARGIN else None

    def _present(
        self, assertion: IdentityAssertion, client: Client, target: AuthorizationTarget, context: GrantContext
    ) -> Session:
        request = jwt_bearer_request(
            target.server,
            client,
            assertion=assertion.token,
            audience=assertion.audience,
            resource=target.resource_parameter,
            scope=assertion.scope,  # §7.2.1: it may not name more than is asked for here
        )
        answer, request = self._tokens.ask_corrected(target.bind(request))
        return context.save(target.session(answer, request, interactive=False))
