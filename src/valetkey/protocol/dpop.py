# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
DPoP (RFC 9449): when a token has to be bound to a key, the claims of a proof, and the nonces of servers.

A key is kept as a private JWK in JSON, with its algorithm in `alg` (RFC 7517 §4.4); `_clients.dpop` makes it and signs.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from valetkey.errors import Unsupported, quote
from valetkey.protocol.challenge import DPOP, Challenge
from valetkey.protocol.error_response import read_error
from valetkey.values import MetadataSource, ResourceMetadata, Secret, ServerMetadata, Token, TokenType
from valetkey.wire import HttpResponse, is_text

PROOF_TYPE = "dpop+jwt"  # RFC 9449 §4.2
ALGORITHMS = ("ES256", "EdDSA", "ES384", "ES512")
"""What we sign with, the best first: every server that was looked at takes ES256."""

_THUMBPRINT_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}  # RFC 7638 §3.2, RFC 8037 §2
_USE_NONCE = "use_dpop_nonce"
PROOF_ERRORS = frozenset({"invalid_dpop_proof", _USE_NONCE})
"""Errors of a token endpoint about the proof, not about the grant (RFC 9449 §5, §8)."""
_NONCE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,2048}")  # RFC 9449 §8.1; the limit is ours


def binding_algorithm(
    setting: bool | None, challenge: Challenge | None, metadata: ResourceMetadata | None, server: ServerMetadata
) -> str | None:
    """
    Choose the algorithm of the key that a new token is bound to (RFC 9449 §5.1, §7.1; RFC 9728 §2); None for Bearer.

    :param setting: True binds always, False never, None where the MCP server demands it.
    :param challenge: The challenge that is answered. One for DPoP is answered only where there is none for Bearer, or
        where the token at hand is bound already.
    :raises Unsupported: If a bound token is required and cannot be had.
    """
    is_challenged = challenge is not None and challenge.scheme == DPOP
    is_demanded = is_challenged or (metadata is not None and metadata.dpop_bound_access_tokens_required)
    if not is_demanded and setting is not True:
        return None
    if setting is False:
        message = "The MCP server takes no token that is not bound to a key (DPoP), and dpop=False rules that out."
        raise Unsupported(message, hint="Leave dpop out.")
    offered = server.dpop_signing_alg_values_supported
    if offered is None and server.source is not MetadataSource.CONFIGURED:  # which has no document to announce it in
        message = (
            f"A token bound to a key (DPoP) is required, and {server.issuer} does not announce that it issues any."
        )
        hint = "Its operator has to publish dpop_signing_alg_values_supported."
        raise Unsupported(message, hint=hint if is_demanded else f"{hint} Or leave dpop=True out.")
    algorithms = challenge.get("algs") if challenge is not None and is_challenged else None
    published = metadata.dpop_signing_alg_values_supported if metadata is not None else None
    accepted = tuple(algorithms.split()) if algorithms else published
    for algorithm in ALGORITHMS:
        if all(algorithm in listed for listed in (offered, accepted) if listed is not None):
            return algorithm
    message = (
        f"No algorithm for DPoP proofs suits all: {server.issuer} takes {_in_words(offered)}, "
        f"the MCP server {_in_words(accepted)}, and Valetkey signs with {', '.join(ALGORITHMS)}."
    )
    raise Unsupported(message, hint="Tell the operators of both servers; ES256 is the most common one.")


def _in_words(algorithms: tuple[str, ...] | None) -> str:
    return "any" if algorithms is None else quote(" ".join(algorithms))


def key_of(token: Token, key: Secret | None, issuer: str) -> Secret | None:
    """
    Check that a token is bound to the key that its request proved, or to none (RFC 9449 §5), and give that key.

    :raises Unsupported: If it is otherwise: then the token must not be used.
    """
    if (token.token_type is TokenType.DPOP) == (key is not None):
        return key
    if key is not None:
        message = f"{issuer} issued a token that is not bound to our key. It is not used: a bound one is required."
        hint = "Tell its operator: the server announces DPoP, and its token_type is not DPoP."
    else:
        message = f"{issuer} issued a token that is bound to a key (DPoP), and we have proved none."
        hint = "Set dpop=True."
    raise Unsupported(message, hint=hint)


def public_jwk(key: Secret) -> dict[str, str]:
    """
    Give the public half of a key, for the header of a proof: the members of its thumbprint (RFC 9449 §4.2).

    :raises ValueError: If the key is damaged.
    """
    try:
        members = json.loads(key.reveal())
        public = {name: members[name] for name in _THUMBPRINT_MEMBERS[members["kty"]]}
        is_whole = members["alg"] in ALGORITHMS and all(is_text(each) for each in (*public.values(), members["d"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        is_whole, public = False, {}
    if not is_whole:
        message = "this is no private key of a kind we make"
        raise ValueError(message)
    return public


def thumbprint(key: Secret) -> str:
    """
    Give the thumbprint of a key, for `dpop_jkt`: base64url of its SHA-256 (RFC 7638 §3, RFC 9449 §10).

    :raises ValueError: If the key is damaged.
    """
    canonical = json.dumps(public_jwk(key), separators=(",", ":"))  # RFC 7638 §3: in lexicographic order
    return _digest(canonical)


def proof_claims(
    method: str, url: str, *, now: float, proof_id: str, access_token: Secret | None = None, nonce: str | None = None
) -> dict[str, str | int]:
    """
    Give the claims of a proof for one request (RFC 9449 §4.2); `proof_id` is a text that is used once.

    Nothing is added for MCP: the `content_digest` of an early draft of SEP-1932 has been dropped.

    :param access_token: The token the request carries; None at a token endpoint.
    """
    parts = urlsplit(url)
    claims: dict[str, str | int] = {
        "jti": proof_id,
        "htm": method,
        # Without query and fragment; an empty path is "/" (RFC 9449 §4.3, RFC 9110 §4.2.3).
        "htu": parts._replace(path=parts.path or "/", query="", fragment="").geturl(),
        "iat": int(now),
    }
    if access_token is not None:
        claims["ath"] = _digest(access_token.reveal())
    if nonce is not None:
        claims["nonce"] = nonce
    return claims


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode("ascii")).digest()).rstrip(b"=").decode("ascii")


def read_nonce(value: str | None) -> str | None:
    """Read a DPoP-Nonce field (RFC 9449 §8.1); None if it is not exactly one nonce."""
    return value if value is not None and _NONCE.fullmatch(value) else None


def refuses_without_nonce(response: HttpResponse) -> bool:
    """
    Tell whether a token endpoint asks for the same request with a nonce in its proof (RFC 9449 §8).

    Then it has looked at nothing else, and a code in the request has not been used.
    """
    return response.status in (400, 401) and read_error(response)[0] == _USE_NONCE


def rejects_without_nonce(challenges: Iterable[Challenge]) -> bool:
    """
    Tell whether an MCP server asks for the same request with a nonce in its proof (RFC 9449 §9).

    Then it says nothing about the token.
    """
    return any(each.scheme == DPOP and each.get("error") == _USE_NONCE for each in challenges)
