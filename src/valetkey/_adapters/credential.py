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

CREDENTIAL = "valetkey.credential"
"""The extension of a request with the credential we put on it; a credential without it is the caller's own."""

LOGIN_WAIT = "valetkey.login_wait"
"""The extension of a request with the seconds that it waits for a token; without it, it waits as long as it takes."""

NO_LOGIN = "valetkey.no_login"
"""The extension of a request that is not worth a login: it goes with the token at hand, or without one."""

PROOF_RETRIES = 2
"""How often a request is sent again with the same token: for an address it was redirected to, and for a nonce."""


MOST_OUTDATED = 2
"""How often a token is replaced once more, because a login or a renewal came between and the rejection says nothing."""


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
    @property
    def stream(self) -> Any: ...
    def read(self) -> bytes: ...
    async def aread(self) -> bytes: ...


class AnyResponse(Protocol):
    """What the responses of both libraries have in common."""

    stream: Any

    @property
    def is_closed(self) -> bool: ...
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
    Put a token on a request to the engine's MCP server, with a new proof if it is bound to a key.

    :param token: None leaves the request alone.
    """
    if token is None:
        return request
    credential = f"{token.token_type} {token.access_token.reveal()}"  # RFC 6750 §2.1, RFC 9449 §7.1
    if CREDENTIAL in request.extensions:
        request.headers.pop(PROOF, None)  # of a token that was bound to a key; this one may not be
    if token.token_type is TokenType.DPOP:
        proof = engine.proof(token, request.method, str(request.url))
        if proof is not None:
            request.headers[PROOF] = proof
    request.headers[AUTHORIZATION] = credential
    request.extensions[CREDENTIAL] = Secret(credential)
    return request


def withdraw(request: AnyRequest) -> None:
    """Take our credential off a request that a redirect has led away from the MCP server; the caller's own stays."""
    if CREDENTIAL not in request.extensions:
        return
    request.headers.pop(PROOF, None)
    if is_ours(request):
        del request.headers[AUTHORIZATION]


def is_ours(request: AnyRequest) -> bool:
    """Tell whether a request carries the credential that we put on it; another one is the caller's own."""
    return bool(Secret(request.headers.get(AUTHORIZATION, "")) == request.extensions.get(CREDENTIAL))


def rejection(response: AnyResponse, token: Token | None = None) -> "tuple[Challenge, ...] | None":
    """
    Read from a response whether it asks for another token; its body is not touched.

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


def rejection_by_server(engine: "Engine", response: AnyResponse, token: Token | None) -> "tuple[Challenge, ...] | None":
    """Do what `rejection` does; what another origin says after a redirect is not the MCP server's word."""
    challenges = rejection(response, token)  # first, because most answers are none: writing a URL out takes longer
    note_acceptance(engine, response, token)
    return challenges if challenges is not None and engine.serves(str(response.url)) else None


def note_acceptance(engine: "Engine", response: AnyResponse, token: Token | None) -> None:
    """Tell the engine, once for each token, that the MCP server accepts it."""
    if token is None or token is engine.acceptance.token:
        return
    if response.status_code < 300 and engine.serves(str(response.url)):
        engine.acceptance.accept(token)


def wants_nonce(engine: "Engine", token: Token | None, response: AnyResponse) -> bool:
    """
    Store the nonce of an answer, and tell whether the request is to be sent again with it (RFC 9449 §9).

    :returns: True if only the proof was at fault. What another origin says after a redirect does not count.
    """
    if not _is_bound(token) or not engine.serves(str(response.url)):
        return False
    if not engine.learn_nonce(str(response.url), response.headers.get("dpop-nonce")) or response.status_code != 401:
        return False
    from valetkey.protocol.challenge import parse_challenges
    from valetkey.protocol.dpop import rejects_without_nonce

    return rejects_without_nonce(parse_challenges(response.headers.get_list("www-authenticate")))


def request_with_new_proof(
    engine: "Engine", request: RequestT, token: Token | None, response: AnyResponse
) -> RequestT | None:
    """
    Give the request to send again with the same token and another proof, or None if the proof was not at fault.

    A client that follows a redirect takes the proof along, which is valid for the first address only (RFC 9449 §4.3).
    """
    if not _is_bound(token):
        return None
    last: RequestT = response.request
    if wants_nonce(engine, token, response):
        return last
    was_redirected = response.status_code == 401 and str(last.url) != str(request.url)
    return last if was_redirected and engine.serves(str(last.url)) else None


def _is_bound(token: Token | None) -> bool:
    return token is not None and token.token_type is TokenType.DPOP
