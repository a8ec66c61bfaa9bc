# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A workload shows the token of its platform (RFC 7523 §2.1; MCP, Workload Identity Federation, SEP-1933)."""

from valetkey import urls
from valetkey._clients.selection import ClientSelection
from valetkey._clients.token_sources import token_from
from valetkey._discovery.target import AuthorizationTarget
from valetkey._grants.grant import GrantContext
from valetkey._grants.token_endpoint import TokenEndpoint
from valetkey.errors import IssuerMismatch, Refused, quote
from valetkey.protocol.assertion import read_audiences
from valetkey.protocol.server import require_jwt_bearer, require_token_endpoint
from valetkey.protocol.token_request import jwt_bearer_request
from valetkey.settings.credentials import TokenSource
from valetkey.settings.settings import Settings
from valetkey.values import Client, MetadataSource, Scope, Secret, ServerMetadata, Session


class WorkloadIdentity:
    """
    A workload with a token of its platform: nothing is registered, nobody is asked, and the token is not kept.

    :param settings: The settings.
    :param source: Where the platform's token comes from.
    :param clients: Who we are at which issuer.
    :param tokens: Asks token endpoints.
    """

    def __init__(
        self, settings: Settings, source: TokenSource, clients: ClientSelection, tokens: TokenEndpoint
    ) -> None:
        self._settings = settings
        self._source = source
        self._clients = clients
        self._tokens = tokens

    def obtain(self, target: AuthorizationTarget, scope: Scope | None, context: GrantContext) -> Session:
        """
        Read the platform's token anew, present it once, save the session.

        :param target: The authorization server and the resource.
        :param scope: The scope to ask for.
        :param context: What belongs to this time.
        :raises Unsupported: If the server takes no tokens of workloads.
        :raises IssuerMismatch: If the token is for somebody else.
        :raises Refused: If the server refuses it; it is not presented again, and nothing else is tried (SEP-1933).
        """
        server = require_token_endpoint(target.server)
        # A server that the user named may get a token for any audience; who says which server that is else is the MCP
        # server, and a token for another one would be a present to whoever that is.
        is_named = self._settings.issuer is not None or server.source is MetadataSource.CONFIGURED
        require_jwt_bearer(server, named=is_named)
        client = self._clients.without_registration(server) or Client("", server.issuer)
        token = token_from(self._source, self._settings.assertion_audience or server.issuer, "workload_token")
        if not is_named:
            self._require_audience(token, server)
        request = jwt_bearer_request(
            server,
            client,
            assertion=token,
            audience=server.issuer,
            resource=target.resource_parameter,
            scope=scope,
        )
        request = target.bind(request)
        try:
            answer = self._tokens.ask(request)
        except Refused as refusal:
            hint = f"Ask the operator of {server.issuer} whether it trusts this platform and this workload."
            raise refusal.with_hint(hint) from refusal
        return context.save(target.session(answer, request, interactive=False))

    def _require_audience(self, token: Secret, server: ServerMetadata) -> None:
        """The draft has the token endpoint for audience, RFC 7523bis §4 and the conformance suite the issuer."""
        audiences = read_audiences(token)
        strict = self._settings.strict
        if any(urls.same_issuer(server.issuer, audience, strict=strict) for audience in audiences):
            return
        if server.token_endpoint in audiences:
            return
        named = ", ".join(map(quote, audiences)) or "nobody"
        message = f"The workload_token is for {named}, and the MCP server wants it to be sent to {server.issuer}."
        hint = "Let the platform issue it for that issuer; if you trust another one or other audiences, give issuer=."
        raise IssuerMismatch(message, hint=hint, expected=server.issuer, received=audiences[0] if audiences else None)
