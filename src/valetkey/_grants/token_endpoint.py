# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Asking a token endpoint: the client proves itself, the request is sent, the answer is read.

Where a server says that it will not take the request as the specifications want it, it is corrected and sent once
more; which word of a server allows that is in `policy`.
"""

import logging
from dataclasses import dataclass

from valetkey._clients.authentication import ClientAuthenticator
from valetkey._clients.dpop import Proofs
from valetkey._policy.tolerance import correct_request
from valetkey.errors import Refused
from valetkey.protocol.dpop import refuses_without_nonce
from valetkey.protocol.error_response import read_refusal
from valetkey.protocol.token import parse_token
from valetkey.protocol.token_request import TokenRequest, http_request
from valetkey.seams import Seams
from valetkey.settings.settings import Settings
from valetkey.values import Client, Scope, Token
from valetkey.wire import HttpResponse

_logger = logging.getLogger("valetkey")


class TokenEndpoint:
    """
    Asks token endpoints for the tokens of one MCP server.

    :param settings: The settings.
    :param seams: Where it touches the world.
    """

    def __init__(self, settings: Settings, seams: Seams) -> None:
        self._seams = seams
        self._authenticator = ClientAuthenticator(settings, seams)
        self._dpop_proofs = Proofs(seams)
        self._named: set[Client] = set()  # clients whose server wants to read their name in the form too

    def ask(self, request: TokenRequest) -> Token:
        """
        Ask once. A server that only wants its nonce, or the client's name in the form, has not taken anything yet.

        :param request: What to say.
        :returns: The token.
        :raises AuthError: Whatever the answer was instead, see `parse_token`.
        """
        exchange = self._exchange(request)
        if exchange.is_basic and read_refusal(exchange.response)[0] == "invalid_client":
            self._named.add(request.client)  # who the client is comes first (RFC 6749 §3.2.1): a code is still good
            exchange = self._exchange(request)
        if request.dpop_key is not None and refuses_without_nonce(exchange.response):
            exchange = self._exchange(request)  # RFC 9449 §8: once, with a new proof; a code is still good
        return parse_token(exchange.response, now=exchange.sent_at, requested_scope=request.scope)

    def _exchange(self, request: TokenRequest) -> "_Exchange":
        """Send with proofs that are good for this time only."""
        client_proof = self._authenticator.authenticate(request.client, request.server)
        if client_proof.is_basic and request.client in self._named:
            client_proof = client_proof.naming(request.client)
        dpop_proof = None
        if request.dpop_key is not None:
            endpoint = request.server.token_endpoint or ""
            dpop_proof = self._dpop_proofs.make(request.dpop_key, "POST", endpoint)
        sent_at = self._seams.now()
        response = self._seams.send(http_request(request, client_proof, dpop_proof))
        self._dpop_proofs.learn(response.url, response.header("DPoP-Nonce"))
        return _Exchange(sent_at, response, client_proof.is_basic)

    def ask_corrected(self, request: TokenRequest, *, granted: Scope | None = None) -> tuple[Token, TokenRequest]:
        """
        Ask, and once more in the way the server says it wants to be asked. Not for codes: they are good for one try.

        :param request: What to say.
        :param granted: The scope the session has, for a server that wants to read it in a refresh.
        :returns: The token, and the request that brought it.
        :raises AuthError: Whatever the answer was instead.
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
    """
    A request that was sent.

    :param sent_at: Unix time in seconds.
    :param response: The answer.
    :param is_basic: True if the client proved itself in the header alone.
    """

    sent_at: float
    response: HttpResponse
    is_basic: bool
