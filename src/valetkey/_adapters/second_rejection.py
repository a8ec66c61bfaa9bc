# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A server that rejects even the new token: one line in the log where its answer goes to the caller, else an error."""

import logging
from collections.abc import Sequence

from valetkey import urls
from valetkey._adapters.credential import AnyResponse
from valetkey._engine.step_up import not_brought
from valetkey._policy.rejection import wants_more_scope
from valetkey.errors import AuthError, TokenRejected, quote
from valetkey.errors.redaction import redacting
from valetkey.errors.texts import harmless
from valetkey.protocol.challenge import Challenge, challenge_to_answer
from valetkey.values import Scope, Token

_logger = logging.getLogger("valetkey")


def rejection_of_new_token(
    server_url: str, challenges: Sequence[Challenge], granted: Scope | None, *, credentials: Sequence[str]
) -> AuthError:
    """Make the error for a new token that the MCP server rejects too; `credentials` is what the request showed it."""
    if wants_more_scope(challenges):
        challenge = challenge_to_answer(challenges)
        wanted = (challenge.scope if challenge is not None else None) or ()
        with redacting(*credentials):
            return not_brought(server_url, wanted, granted or ())
    hint = "Check that this account may use the server; else tell its operator."
    return TokenRejected(f"{server_url} rejects even a new token.", hint=hint)


def warn_of_second_rejection(response: AnyResponse, challenges: Sequence[Challenge], token: Token | None) -> None:
    """Log who rejects which kind of token, in whose words, and what to do."""
    with redacting(*(() if token is None else (token.access_token.reveal(),))):
        server = harmless(urls.without_query(str(response.url)))
        said = " ".join(map(quote, _words(challenges))) or "nothing about the reason"
    if wants_more_scope(challenges):
        advice = "See whether this account may do that, or ask the server's operator which scope it wants."
    else:
        advice = "Tell the server's operator: it does not accept the tokens of its own authorization server."
    _logger.warning("%s rejects the new token too (%d). It says: %s. %s", server, response.status_code, said, advice)


def _words(challenges: Sequence[Challenge]) -> list[str]:
    """Give what the challenge for our token says; where there is none, which schemes the server would accept."""
    challenge = challenge_to_answer(challenges)
    if challenge is None:
        return [each.scheme for each in challenges]
    said = (challenge.get(name) for name in ("error", "error_description", "scope"))
    return [text for text in said if text]
