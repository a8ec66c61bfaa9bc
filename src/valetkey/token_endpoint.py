# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Asking a token endpoint: the client proves itself, the request is sent, the answer is read.

Where a server says that it will not take the request as the specifications want it, it is corrected and sent once
more; which word of a server allows that is in `policy`.
"""

import logging

from valetkey import policy
from valetkey.client_proofs import ClientProofs
from valetkey.errors import Refused
from valetkey.protocol.token import parse_token
from valetkey.protocol.token_request import TokenRequest, http_request
from valetkey.seams import Seams
from valetkey.settings import Settings
from valetkey.values import Scope, Token

_logger = logging.getLogger("valetkey")


class TokenEndpoint:
    """
    Asks token endpoints for the tokens of one MCP server.

    :param settings: The settings.
    :param seams: Where it touches the world.
    """

    def __init__(self, settings: Settings, seams: Seams) -> None:
        self._seams = seams
        self._proofs = ClientProofs(settings, seams)

    def ask(self, request: TokenRequest) -> Token:
        """
        Ask once.

        :param request: What to say.
        :returns: The token.
        :raises AuthError: Whatever the answer was instead, see `parse_token`.
        """
        proof = self._proofs.prove(request.client, request.server)
        now = self._seams.now()
        return parse_token(self._seams.send(http_request(request, proof)), now=now, requested_scope=request.scope)

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
            corrected = policy.corrected(request, refusal, granted)
            if corrected is None:
                raise
            _logger.info("%s does not take the request as it was, it is sent once more", request.server.issuer)
            return self.ask(corrected), corrected
