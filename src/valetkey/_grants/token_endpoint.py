# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Asking a token endpoint: the client authenticates, the request is sent, the answer is read.

If a server says that it does not accept the request as the specifications want it, the request is corrected and sent
once more; `_policy.tolerance` says which answers allow that.
"""

import logging
from dataclasses import dataclass

from valetkey._clients.authentication import ClientAuthenticator
from valetkey._clients.dpop import Proofs
from valetkey._policy.tolerance import correct_request
from valetkey.errors import Refused
from valetkey.protocol.dpop import refuses_without_nonce
from valetkey.protocol.error_response import is_temporary, read_error
from valetkey.protocol.token import parse_token
from valetkey.protocol.token_request import TokenRequest, http_request
from valetkey.seams import Seams
from valetkey.settings.settings import Settings
from valetkey.values import Client, Scope, Token
from valetkey.wire import HttpResponse

_logger = logging.getLogger("valetkey")


class TokenEndpoint:
    """Asks token endpoints for the tokens of one MCP server."""

    def __init__(self, settings: Settings, seams: Seams) -> None:
        self._seams = seams
        self._needs_person = not settings.is_machine
        self._authenticator = ClientAuthenticator(settings, seams)
        self._proofs = Proofs(seams)
        self._named_in_form: set[Client] = set()  # clients whose server looks for client_id in the form too

    def ask(self, request: TokenRequest) -> Token:
        """Ask; and again only if the server wants its nonce, or client_id in the form, and has not used a code yet."""
        exchange = self._exchange(request)
        if exchange.is_basic and exchange.refuses_client:
            # The server checks the client before the code (RFC 6749 §3.2.1), so a code was not used.
            exchange = self._exchange(request, names_client=True)
            if not exchange.refuses_client:  # else that was not what the server did not accept
                self._named_in_form.add(request.client)
        if request.dpop_key is not None and refuses_without_nonce(exchange.response):
            exchange = self._exchange(request)  # RFC 9449 §8: once, with a new proof; a code was not used
        return parse_token(
            exchange.response, now=exchange.sent_at, requested_scope=request.scope, needs_person=self._needs_person
        )

    def _exchange(self, request: TokenRequest, *, names_client: bool = False) -> "_Exchange":
        """Send with an authentication and a proof that no other request can use."""
        authentication = self._authenticator.authenticate(request.client, request.server)
        if authentication.is_basic and (names_client or request.client in self._named_in_form):
            authentication = authentication.naming(request.client)
        dpop_proof = None
        if request.dpop_key is not None:
            endpoint = request.server.token_endpoint or ""
            dpop_proof = self._proofs.make(request.dpop_key, "POST", endpoint)
        sent_at = self._seams.now()
        response = self._seams.send(http_request(request, authentication, dpop_proof))
        self._proofs.learn(response.url, response.header("DPoP-Nonce"))
        return _Exchange(sent_at, response, authentication.is_basic)

    def ask_corrected(self, request: TokenRequest, *, granted: Scope | None = None) -> tuple[Token, TokenRequest]:
        """
        Ask, and once more in the way the server says it wants to be asked. Not for a code, which can be used once.

        :param granted: The scope of the session, for a server that wants it named in a refresh.
        """
        try:
            return self.ask(request), request
        except Refused as refusal:
            corrected = correct_request(request, refusal, granted)
            if corrected is None:
                raise
            change = "without resource" if corrected.resource != request.resource else "with its scope"
            _logger.info("the request is sent once more, %s: %s", change, refusal)
            return self.ask(corrected), corrected


@dataclass(frozen=True, slots=True)
class _Exchange:
    """One request and its answer."""

    sent_at: float
    response: HttpResponse
    is_basic: bool  # the client authenticated in the header alone

    @property
    def refuses_client(self) -> bool:
        """True if the server does not accept the client, or not how it authenticated."""
        return read_error(self.response)[0] == "invalid_client" and not is_temporary(self.response)
