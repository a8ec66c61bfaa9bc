# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A machine proves itself (RFC 6749 §4.4; MCP, OAuth Client Credentials)."""

from valetkey.clients import Clients
from valetkey.discovered import Discovered
from valetkey.grants import Occasion
from valetkey.protocol.server import require_token_endpoint
from valetkey.protocol.token_request import client_credentials_request
from valetkey.token_endpoint import TokenEndpoint
from valetkey.values import Scope


class ClientCredentials:
    """
    A machine with a secret or a key.

    :param clients: Who we are at which issuer.
    :param tokens: Asks token endpoints.
    """

    def __init__(self, clients: Clients, tokens: TokenEndpoint) -> None:
        self._clients = clients
        self._tokens = tokens

    def obtain(self, found: Discovered, scope: Scope | None, occasion: Occasion) -> None:
        """
        Ask the token endpoint, save the session.

        :param found: The authorization server and the resource.
        :param scope: The scope to ask for.
        :param occasion: What belongs to this time.
        :raises Unsupported: If no token endpoint is published.
        :raises Refused: If the server refuses.
        """
        server = require_token_endpoint(found.server)
        client = self._clients.configured(server)
        request = client_credentials_request(server, client, resource=found.resource_parameter, scope=scope)
        request = request.with_audience(found.audience_parameter)
        token, request = self._tokens.ask_corrected(found.bound(request))
        occasion.save(found.session(token, request, interactive=False))
