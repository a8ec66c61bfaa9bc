# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The organisation's identity provider vouches for its employee, who is not asked.

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
"""The last seconds of an assertion, in which it is not presented: the request takes time, and clocks differ."""


@dataclass(frozen=True, slots=True)
class _Purpose:
    """What an assertion is for; it is presented for nothing else, and to no other server (ID-JAG §8.3)."""

    audience: str
    resource: str
    client_id: str
    scope: Scope | None


@dataclass(frozen=True, slots=True)
class _CachedAssertion:
    purpose: _Purpose
    assertion: IdentityAssertion


class EnterpriseManaged:
    """An employee for whom the identity provider vouches. Assertions are held in memory alone."""

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
        self._cached: _CachedAssertion | None = None
        self._single_use_issuers: set[str] = set()  # issuers that accept each assertion only once

    def obtain(self, target: AuthorizationTarget, scope: Scope | None, context: GrantContext) -> Session:
        """Present the cached assertion, or else a new one; save the session (ID-JAG §4.4.3)."""
        server = require_token_endpoint(target.server)
        require_identity_assertions(server)
        client = self._client(server)
        purpose = _Purpose(server.issuer, target.resource, client.client_id, scope)
        assertion = self._cached_for(purpose)
        if assertion is not None:
            try:
                return self._present(assertion, client, target, context)
            except Refused as refusal:
                self._cached = None
                if refusal.error != "invalid_grant":
                    raise
                # The profile wants servers to accept each only once (§7.4.2).
                self._single_use_issuers.add(server.issuer)
                _logger.info("%s accepts an identity assertion only once, so a new one is requested", server.issuer)
        assertion = self._assertions.exchange(audience=server.issuer, resource=target.resource, scope=scope)
        try:
            session = self._present(assertion, client, target, context)
        except Refused as refusal:
            provider = self._provider.issuer
            hint = f"Ask the operator of {server.issuer} whether it trusts {provider} and knows this client."
            raise refusal.with_hint(hint) from refusal
        self._cached = _CachedAssertion(purpose, assertion)
        return session

    def _client(self, server: ServerMetadata) -> Client:
        client = self._clients.without_registration(server, document=True)
        if client is None:
            message = f"We have no client at {server.issuer}, which takes no client metadata document from us."
            raise Unsupported(message, hint="Register one there by hand, then give its client_id and client_secret.")
        return client

    def _cached_for(self, purpose: _Purpose) -> IdentityAssertion | None:
        cached = self._cached
        if cached is None or cached.purpose != purpose or purpose.audience in self._single_use_issuers:
            return None
        ends_at = cached.assertion.expires_at
        return cached.assertion if ends_at is not None and self._seams.now() < ends_at - MARGIN else None

    def _present(
        self, assertion: IdentityAssertion, client: Client, target: AuthorizationTarget, context: GrantContext
    ) -> Session:
        request = jwt_bearer_request(
            target.server,
            client,
            assertion=assertion.token,
            audience=assertion.audience,
            resource=target.resource_parameter,
            scope=assertion.scope,  # §7.2.1: the request may not name more than the assertion
        )
        answer, request = self._tokens.ask_corrected(target.bind(request))
        return context.save(target.session(answer, request, interactive=False))
