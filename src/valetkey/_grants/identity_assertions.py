# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Asking the organisation's identity provider to say who its employee is (MCP, Enterprise-Managed Authorization §4)."""

from valetkey._clients.authentication import Signer, authenticate_client
from valetkey._clients.token_sources import token_from
from valetkey._discovery.server import find_server
from valetkey.errors import ClientRefused, LoginRequired, Refused
from valetkey.protocol.assertion import is_expired
from valetkey.protocol.server import require_token_endpoint
from valetkey.protocol.token_exchange import IdentityAssertion, identity_assertion_request, parse_identity_assertion
from valetkey.protocol.token_request import http_request
from valetkey.seams import Seams
from valetkey.settings.credentials import IdentityProvider
from valetkey.settings.settings import Settings
from valetkey.values import Client, MetadataSource, Scope, ServerMetadata


class IdentityAssertions:
    """
    Gets identity assertions.

    The provider's credentials go to the provider only, and the ID token is read anew for each exchange.
    """

    def __init__(self, settings: Settings, provider: IdentityProvider, seams: Seams) -> None:
        self._settings = settings
        self._provider = provider
        self._seams = seams
        self._send = seams.send_to_provider or seams.send

    def exchange(self, *, audience: str, resource: str, scope: Scope | None) -> IdentityAssertion:
        """Exchange the ID token for an assertion to one authorization server and one MCP server (the resource)."""
        provider = self._provider
        server = self._server()
        client = Client(provider.client_id, server.issuer, secret=provider.client_secret)
        id_token = token_from(provider.id_token, provider.client_id, "id_token")
        request = identity_assertion_request(
            server, client, id_token=id_token, audience=audience, resource=resource, scope=scope
        )
        authentication = authenticate_client(
            client, server, Signer(provider.private_key, audience=provider.assertion_audience), self._seams
        )
        now = self._seams.now()
        response = self._send(http_request(request, authentication))
        try:
            return parse_identity_assertion(response, audience=audience, now=now, requested_scope=scope)
        except Refused as refusal:
            # Most refused ID tokens have expired, and only a person can get a new one (ID-JAG §4.4.3).
            if refusal.error == "invalid_grant" and is_expired(id_token, now):
                message = f"The ID token of {provider.issuer} has expired."
                raise LoginRequired(message, hint="Log in there, and give the new ID token.") from refusal
            raise refusal.with_hint(self._hint(refusal)) from refusal

    def _server(self) -> ServerMetadata:
        provider = self._provider
        if provider.token_endpoint is None:
            return require_token_endpoint(find_server(provider.issuer, self._settings, self._send))
        return ServerMetadata(provider.issuer, token_endpoint=provider.token_endpoint, source=MetadataSource.CONFIGURED)

    def _hint(self, refusal: Refused) -> str:
        issuer = self._provider.issuer
        if isinstance(refusal, ClientRefused):
            return f"Check the client_id, and the client_secret or private_key, of the client at {issuer}."
        return f"Ask the administrators of {issuer} whether this person may use the MCP server with this program."
