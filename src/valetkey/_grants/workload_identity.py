# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A workload shows the token of its platform (RFC 7523 §2.1; MCP, Workload Identity Federation, SEP-1933)."""

from valetkey import urls
from valetkey._clients.selection import ClientSelection
from valetkey._clients.token_sources import token_from
from valetkey._discovery.target import AuthorizationTarget
from valetkey._grants.grant import GrantContext
from valetkey._grants.token_endpoint import TokenEndpoint
from valetkey.errors import IssuerMismatch, Refused
from valetkey.protocol.assertion import read_audiences
from valetkey.protocol.listing import listed
from valetkey.protocol.server import require_jwt_bearer, require_token_endpoint
from valetkey.protocol.token_request import jwt_bearer_request
from valetkey.settings.credentials import TokenSource
from valetkey.settings.settings import Settings
from valetkey.values import Client, MetadataSource, Scope, Secret, ServerMetadata, Session


class WorkloadIdentity:
    """A workload with a token of its platform: registers no client, asks no person, and does not store that token."""

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

        After a refusal it is not presented again, and no other grant is tried (SEP-1933).
        """
        server = require_token_endpoint(target.server)
        # A server that the user named may get a token for any audience. Else the MCP server names the receiver, and a
        # hostile one would get a token that is good at another server.
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
        """The audience is the token endpoint in the draft, the issuer in RFC 7523bis §4 and the conformance suite."""
        audiences = read_audiences(token)
        strict = self._settings.strict
        if any(urls.same_issuer(server.issuer, audience, strict=strict) for audience in audiences):
            return
        if server.token_endpoint in audiences:
            return
        named = f"is for {listed(audiences)}" if audiences else "names no audience"
        message = f"The workload_token {named}, and the MCP server wants it to be sent to {server.issuer}."
        hint = "Let the platform issue it for that issuer; if you trust another one or other audiences, give issuer=."
        raise IssuerMismatch(message, hint=hint, expected=server.issuer, received=audiences[0] if audiences else None)
