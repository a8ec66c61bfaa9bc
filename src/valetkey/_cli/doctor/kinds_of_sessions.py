# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The kinds of findings about what is on this computer, and about a login that was made."""

from valetkey._cli.doctor.kinds import fault, ok, warning

OF_THIS_COMPUTER = (
    ok("session_none", "No session is stored here."),
    ok("session_good", "A session is stored here and would be used.", "REF-1"),
    warning(
        "session_expired",
        "The stored session has no good token left.",
        "USE-9",
        client="It is renewed when it is used; valetkey refresh does so now.",
    ),
    warning(
        "session_ended",
        "The stored session has been ended by its authorization server, or cannot be renewed.",
        "REF-1",
        client="Log in again: valetkey login URL.",
    ),
    warning(
        "session_unfit",
        "The stored session does not fit: it was obtained with other settings, or at another server.",
        "ASM-2",
        client="Use the settings that it was obtained with, or log in again.",
    ),
    warning(
        "store_unusable",
        "The session store cannot be read.",
        "SEC-11",
        client="See valetkey status.",
    ),
    ok("clock_ok", "This computer's clock agrees with the server's."),
    warning(
        "clock_off",
        "This computer's clock and the server's differ: tokens seem to end early or late, and signed proofs fail.",
        *("TOK-7", "TOK-12"),
        client="Set this computer's clock by the network (NTP); if it is right, tell the server's operator.",
        owner="Set the server's clock by the network (NTP).",
        sections="RFC 7519 §4.1.4; RFC 9110 §6.6.1",
    ),
)

OF_A_LOGIN = (
    ok("login_worked", "The login worked.", "GEN-1"),
    fault("login_failed", "The login was tried and failed.", "GEN-1", "RSP-11"),
    fault(
        "login_answer_unproven",
        "The answer to the login does not name the authorization server, as its metadata promises.",
        *("RSP-1", "RSP-2"),
        owner="Send the issuer, letter for letter, as iss in every answer to a login, or do not announce it.",
        sections="RFC 9207 §2, §2.4",
    ),
    ok("token_accepted", "The MCP server accepts the token.", "USE-1"),
    fault(
        "token_rejected",
        "The MCP server rejects the token that was just issued.",
        *("WWW-15", "RES-10"),
        client="A new login does not help; tell the server's operator.",
        owner="See whether audience (resource) and issuer of the token are what the MCP server checks.",
        sections="RFC 8707 §2; MCP Token Handling",
    ),
    fault(
        "token_lacks_scope",
        "The MCP server wants more scope than the token has.",
        *("STP-1", "STP-3"),
        client="Ask for it with --scope.",
        owner="Name in the challenge of the 401 what is needed.",
        sections="RFC 6750 §3.1",
    ),
    fault(
        "token_forbidden",
        "The MCP server takes the token and forbids access all the same.",
        "WWW-17",
        client="Ask its operator whether your account may use the server.",
        owner="See what the server allows this account; if scope is missing, say so in a challenge.",
        sections="RFC 9110 §15.5.4; RFC 6750 §3.1",
    ),
    warning(
        "token_unproven",
        "What the MCP server answers to the token does not show whether it takes it.",
        "USE-1",
        client="Try again later; if it stays so, tell the server's operator.",
        owner="See the server's log.",
    ),
    warning(
        "token_without_expiry",
        "The token answer does not say when the token ends.",
        "TOK-12",
        owner="Send expires_in.",
        sections="RFC 6749 §5.1",
    ),
    warning(
        "token_without_refresh",
        "There is no refresh token: a person has to log in again when the token ends.",
        *("REF-1", "SCP-8"),
        client="Ask its operator for refresh tokens.",
        owner="Issue refresh tokens to public clients, with rotation.",
        sections="RFC 6749 §1.5",
    ),
    warning(
        "token_with_less_scope",
        "The token has less scope than was asked for.",
        "SCP-12",
        owner="Grant what the MCP server needs, or name less in its challenge.",
        sections="RFC 6749 §3.3",
    ),
)
