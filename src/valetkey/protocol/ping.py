# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Asking an MCP server whether it wants a login, without beginning anything there (MCP, Ping and Streamable HTTP).

A ping has no session, so a server that keeps sessions refuses it and keeps nothing. Only the status and the header
fields of its answer count: the check of the token comes first in every server.
"""

from collections.abc import Sequence

from valetkey import wire
from valetkey.protocol.challenge import Challenge, challenge_to_answer
from valetkey.values import Secret, Token
from valetkey.wire import HttpRequest, HttpResponse

_BODY = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
_FIELDS = (("Accept", "application/json, text/event-stream"), ("Content-Type", "application/json"))


def ping_request(url: str, token: Token | None, proof: Secret | None = None) -> HttpRequest:
    """Build the question, with the token at hand if there is one; `proof` is for a token that is bound to a key."""
    fields = dict(_FIELDS)
    if token is not None:
        fields["Authorization"] = f"{token.token_type} {token.access_token.reveal()}"  # RFC 6750 §2.1, RFC 9449 §7.1
    if proof is not None:
        fields["DPoP"] = proof.reveal()
    purpose = "ask the MCP server whether it wants a login"
    return HttpRequest("POST", url, purpose, tuple(fields.items()), _BODY)


def wants_login(response: HttpResponse, challenges: Sequence[Challenge]) -> bool:
    """Tell whether an answer wants another token: every 401, and a 403 with a challenge (RFC 6750 §3.1)."""
    return response.status == 401 or (response.status == 403 and challenge_to_answer(challenges) is not None)


def redirection(response: HttpResponse) -> str | None:
    """Give where the same question is to be asked; None for any other answer, and for 303 (RFC 9110 §15.4.4)."""
    return None if response.status == 303 else wire.redirect_target(response)
