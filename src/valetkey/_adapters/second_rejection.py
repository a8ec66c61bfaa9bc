# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The one line in the log about a server that rejects even the new token; its answer goes to the caller."""

import logging
from collections.abc import Sequence

from valetkey._adapters.credential import AnyResponse
from valetkey._policy.rejection import wants_more_scope
from valetkey.errors import quote
from valetkey.protocol.challenge import Challenge, challenge_to_answer
from valetkey.values import Token

_logger = logging.getLogger("valetkey")


def warn_of_second_rejection(response: AnyResponse, challenges: Sequence[Challenge], token: Token | None) -> None:
    """Log who rejects which kind of token, in whose words, and what to do."""
    server = str(response.url.copy_with(query=None, fragment=None, userinfo=b""))
    said = " ".join(quote(_without(token, text)) for text in _words(challenges)) or "nothing about the reason"
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


def _without(token: Token | None, text: str) -> str:
    return text if token is None else text.replace(token.access_token.reveal(), "…")
