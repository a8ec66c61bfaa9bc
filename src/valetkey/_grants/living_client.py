# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Whether an authorization server still knows a registered client, asked before a person is sent there with it.

A server that was restarted, or cleans up, shows `invalid_client` to the person alone, and the browser brings no answer.
So its token endpoint gets a code that it has never issued: it checks the client before the code (RFC 6749 §3.2.1).
"""

import logging

from valetkey._clients.registration import ClientChoice, Registrations
from valetkey._discovery.target import AuthorizationTarget
from valetkey._grants.token_endpoint import TokenEndpoint
from valetkey._policy.refusal import Asked, answer_of, meaning_of
from valetkey._policy.tolerance import says_client_is_unknown
from valetkey.errors import AuthError, Refused
from valetkey.protocol.token_request import TokenRequest, resource_field
from valetkey.seams import Seams
from valetkey.values import Client, Secret, ServerMetadata

_logger = logging.getLogger("valetkey")

PURPOSE = "ask whether the client is still known"
"""What the log says of the question."""


class LivingClients:
    """Asks for the registered clients of one MCP server's settings."""

    def __init__(self, registrations: Registrations, tokens: TokenEndpoint, seams: Seams) -> None:
        self._registrations = registrations
        self._tokens = tokens
        self._seams = seams

    def drop_forgotten(self, choice: ClientChoice, target: AuthorizationTarget, resource: str | None) -> bool:
        """Drop a stored registration that its server says it does not know; any other answer, or none, keeps it."""
        client, server = choice.client, target.server
        if not client.registered or choice.is_new or client.issuer != server.issuer:
            return False
        if self._registrations.was_seen(client):
            return False
        try:
            self._tokens.ask(self._request(client, server, resource))
        except AuthError as error:
            answer = answer_of(error, Asked.CODE, client, target.profile)
            is_forgotten = answer is not None and meaning_of(answer).ends_client
            if is_forgotten or (isinstance(error, Refused) and says_client_is_unknown(error.error, error.description)):
                _logger.info(
                    "%s no longer knows the stored client, another one is registered: %s", client.issuer, error
                )
                self._registrations.forget(client)
                return True
            _logger.debug("%s has not said that it does not know the client: %s", client.issuer, error)
        return False

    def _request(self, client: Client, server: ServerMetadata, resource: str | None) -> TokenRequest:
        """Build an exchange that is complete, with a code and a verifier of no login: nothing can be had with them."""
        code, verifier = Secret(self._seams.random()), Secret(self._seams.random())
        fields = (
            ("grant_type", "authorization_code"),
            ("code", code.reveal()),
            ("redirect_uri", client.redirect_uri or ""),
            ("code_verifier", verifier.reveal()),
            *resource_field(resource),
        )
        return TokenRequest(server, client, PURPOSE, fields)
