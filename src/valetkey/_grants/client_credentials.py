# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A machine authenticates with its own credentials (RFC 6749 §4.4; MCP, OAuth Client Credentials)."""

from valetkey._clients.selection import ClientSelection
from valetkey._discovery.target import AuthorizationTarget
from valetkey._grants.grant import GrantContext
from valetkey._grants.token_endpoint import TokenEndpoint
from valetkey.protocol.server import require_token_endpoint
from valetkey.protocol.token_request import client_credentials_request
from valetkey.values import Scope, Session


class ClientCredentials:
    """A machine with a secret or a key."""

    def __init__(self, clients: ClientSelection, tokens: TokenEndpoint) -> None:
        self._clients = clients
        self._tokens = tokens

    def obtain(self, target: AuthorizationTarget, scope: Scope | None, context: GrantContext) -> Session:
        """Ask the token endpoint, save the session."""
        server = require_token_endpoint(target.server)
        client = self._clients.configured(server)
        request = client_credentials_request(server, client, resource=target.resource_parameter, scope=scope)
        request = request.with_audience(target.audience_parameter)
        token, request = self._tokens.ask_corrected(target.bind(request))
        return context.save(target.session(token, request, interactive=False))
