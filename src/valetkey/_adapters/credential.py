# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Putting a token on a request of either HTTP library, and reading what the answer says about it."""

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from valetkey.values import Secret, Token, TokenType

if TYPE_CHECKING:
    from valetkey._engine.engine import Engine
    from valetkey.protocol.challenge import Challenge

AUTHORIZATION = "Authorization"
PROOF = "DPoP"

OURS = "valetkey.credential"
"""The extension of a request that has a credential from us: sent once more, it is still ours to replace."""

MOST_PROOFS = 2
"""How often a request is sent once more with the same token: for an address it was sent on to, and for a nonce."""


class AnyRequest(Protocol):
    """What the requests of both libraries have in common."""

    @property
    def method(self) -> str: ...
    @property
    def url(self) -> Any: ...
    @property
    def headers(self) -> Any: ...
    @property
    def extensions(self) -> Any: ...
    def read(self) -> bytes: ...
    async def aread(self) -> bytes: ...


class AnyResponse(Protocol):
    """What the responses of both libraries have in common."""

    @property
    def request(self) -> Any: ...
    @property
    def url(self) -> Any: ...
    @property
    def status_code(self) -> int: ...
    @property
    def headers(self) -> Any: ...


RequestT = TypeVar("RequestT", bound=AnyRequest)


def present(engine: "Engine", request: RequestT, token: Token | None) -> RequestT:
    """
    Put a token on a request, with a new proof if it is bound to a key.

    :param engine: Whose token it is.
    :param request: The request, to the engine's MCP server.
    :param token: The token, None to leave the request alone.
    :returns: The request.
    """
    if token is None:
        return request
    credential = f"{token.token_type} {token.access_token.reveal()}"  # RFC 6750 §2.1, RFC 9449 §7.1
    if OURS in request.extensions:
        request.headers.pop(PROOF, None)  # of a token that was bound to a key; this one may not be
    if token.token_type is TokenType.DPOP:
        proof = engine.proof(token, request.method, str(request.url))
        if proof is not None:
            request.headers[PROOF] = proof
    request.headers[AUTHORIZATION] = credential
    request.extensions[OURS] = Secret(credential)
    return request


def withdraw(request: AnyRequest) -> None:
    """Take a credential of ours off a request that a redirect has led away from the MCP server; leave any other."""
    if OURS not in request.extensions:
        return
    request.headers.pop(PROOF, None)
    if Secret(request.headers.get(AUTHORIZATION, "")) == request.extensions[OURS]:
        del request.headers[AUTHORIZATION]


def rejection(response: AnyResponse, token: Token | None = None) -> "tuple[Challenge, ...] | None":
    """
    Read from a response whether it asks for another token.

    :param response: The response; its body is not touched.
    :param token: What was sent.
    :returns: Its challenges if it does, else None.
    """
    if response.status_code not in (401, 403):
        return None
    from valetkey._policy.rejection import is_rejection  # loaded with the engine, not by an import of the class
    from valetkey.protocol.challenge import parse_challenges
    from valetkey.protocol.dpop import rejects_without_nonce

    challenges = parse_challenges(response.headers.get_list("www-authenticate"))
    if _is_bound(token) and rejects_without_nonce(challenges):
        return None  # the proof is at fault, and another token would need one too
    return challenges if is_rejection(response.status_code, challenges) else None


def wants_nonce(engine: "Engine", token: Token | None, response: AnyResponse) -> bool:
    """
    Take in the nonce of an answer, and tell whether the request is to be sent once more with it (RFC 9449 §9).

    :param engine: Whose token was sent.
    :param token: The token.
    :param response: The answer; its body is not touched.
    :returns: True if only the proof was at fault. Another origin's answer after a redirect says nothing.
    """
    if not _is_bound(token) or not engine.serves(str(response.url)):
        return False
    if not engine.learn_nonce(str(response.url), response.headers.get("dpop-nonce")) or response.status_code != 401:
        return False
    from valetkey.protocol.challenge import parse_challenges
    from valetkey.protocol.dpop import rejects_without_nonce

    return rejects_without_nonce(parse_challenges(response.headers.get_list("www-authenticate")))


def proved_anew(engine: "Engine", request: RequestT, token: Token | None, response: AnyResponse) -> RequestT | None:
    """
    Find the request to send once more with the same token and another proof.

    A client that follows a redirect sends the proof along, which is for the first address and nowhere valid else.

    :param engine: Whose token was sent.
    :param request: The request as it was sent.
    :param token: The token.
    :param response: The answer; its body is not touched.
    :returns: The request, which is the redirected one after a redirect; None if the proof was not at fault.
    """
    if not _is_bound(token):
        return None
    last: RequestT = response.request
    if wants_nonce(engine, token, response):
        return last
    was_sent_on = response.status_code == 401 and str(last.url) != str(request.url)
    return last if was_sent_on and engine.serves(str(last.url)) else None


def _is_bound(token: Token | None) -> bool:
    return token is not None and token.token_type is TokenType.DPOP
