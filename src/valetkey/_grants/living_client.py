# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Whether an authorization server knows a client of ours (still), asked before a person is sent there with it.

A server that was restarted, or cleans up, shows `invalid_client` to the person alone, and the browser brings no answer.
So its token endpoint gets a code that it has never issued: it checks the client before the code (RFC 6749 §3.2.1).
"""

import logging

from valetkey._clients.registration import ClientChoice
from valetkey._clients.selection import ClientSelection
from valetkey._discovery.target import AuthorizationTarget
from valetkey._grants.token_endpoint import TokenEndpoint
from valetkey._policy.refusal import Answer, Asked, answer_of, meaning_of
from valetkey._policy.tolerance import says_client_is_unknown
from valetkey.errors import AuthError, Refused
from valetkey.protocol.error_response import CLIENT_ERRORS
from valetkey.protocol.project_document import is_project_document
from valetkey.protocol.token_request import TokenRequest, resource_field
from valetkey.seams import Seams
from valetkey.values import Client, ClientOrigin, Secret, ServerMetadata

_logger = logging.getLogger("valetkey")

PURPOSE = "ask whether the client is still known"
"""What the log says of the question."""


class LivingClients:
    """Asks for the clients of one MCP server's settings that Valetkey has brought itself."""

    def __init__(self, clients: ClientSelection, tokens: TokenEndpoint, seams: Seams) -> None:
        self._clients = clients
        self._tokens = tokens
        self._seams = seams

    def drop_forgotten(self, choice: ClientChoice, target: AuthorizationTarget, resource: str | None) -> bool:
        """Drop a registration or the project's document if its server says that it does not know it, and only then."""
        client, server = choice.client, target.server
        # Where nobody is registered, there is nothing in the place of the project's document.
        may_be_refused = is_project_document(client) and server.registration_endpoint is not None
        if choice.is_new or client.issuer != server.issuer or not (client.registered or may_be_refused):
            return False
        if self._clients.registrations.was_seen(client):
            return False
        try:
            self._tokens.ask(self._request(client, server, resource))
        except AuthError as error:
            answer = answer_of(error, Asked.CODE, client, target.profile)
            is_forgotten = answer is not None and (meaning_of(answer).ends_client or _refuses_document(answer))
            if is_forgotten or (isinstance(error, Refused) and says_client_is_unknown(error.error, error.description)):
                _logger.info("%s does not know the client, another one is registered: %s", client.issuer, error)
                self._drop(client)
                return True
            _logger.debug("%s has not said that it does not know the client: %s", client.issuer, error)
        return False

    def _drop(self, client: Client) -> None:
        if client.registered:
            self._clients.registrations.forget(client)
        else:
            self._clients.refuse_document(client)

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


def _refuses_document(answer: Answer) -> bool:
    return answer.origin is ClientOrigin.DOCUMENT and answer.error in CLIENT_ERRORS
