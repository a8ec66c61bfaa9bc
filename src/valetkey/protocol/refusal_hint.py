# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a user can do about a refusal of an authorization server (RFC 6749 §4.1.2.1, §5.2)."""

from valetkey.errors import quote
from valetkey.values import Scope, scope_to_text


def refusal_hint(error: str | None, *, is_elsewhere: bool, scope: Scope | None, needs_person: bool) -> str:
    """
    Give the hint for an error code; `scope` is what was asked for, and only a person can log in again.

    `is_elsewhere` is True for an answer that says that the endpoint is not here.
    """
    if is_elsewhere:
        first = "Log in again; if that fails too, ask" if needs_person else "Ask"
        return f"{first} the server's operator for the right endpoint."
    known = {
        "invalid_client": "Check client_id, client_secret and how this client may authenticate.",
        "unauthorized_client": "Check client_id, client_secret and how this client may authenticate.",
        "invalid_target": "The server does not issue tokens for this resource; check the URL of the MCP server.",
        "invalid_scope": scope_hint(scope),
        "invalid_dpop_proof": "Check that this computer's clock is right.",  # RFC 9449 §5
    }
    otherwise = "Log in again." if needs_person else "Ask the server's operator what this client may do there."
    return known.get(error or "", otherwise)


def scope_hint(asked: Scope | None) -> str:
    """Give the hint for `invalid_scope`."""
    was = f"It was asked for {quote(scope_to_text(asked))}" if asked else "No scope was asked for"
    return f"{was}: set scope= to what this server offers."
