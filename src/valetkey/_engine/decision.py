# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Why another token is wanted, read from a rejection."""

from collections.abc import Sequence
from dataclasses import dataclass

from valetkey._policy.rejection import wants_more_scope
from valetkey.protocol.challenge import Challenge, challenge_to_answer
from valetkey.values import Scope, Token, TokenType


@dataclass(frozen=True, slots=True)
class TokenNeed:
    """
    Why another token is wanted.

    :param rejected: The access token that will not do any more; None if there was none.
    :param challenge: What the MCP server said.
    :param more_scope: The scope that was missing, for a token that is otherwise good; empty if the server did not name
        it.
    :param early: True if the token still serves: then nobody is asked.
    """

    rejected: str | None = None
    challenge: Challenge | None = None
    more_scope: Scope | None = None
    early: bool = False


def need_after(rejected: Token | None, challenges: Sequence[Challenge], *, prefers_dpop: bool = False) -> TokenNeed:
    """
    Read from a rejection what is wanted.

    :param rejected: The token the MCP server rejected, None if none was sent.
    :param challenges: The challenges of the rejection.
    :param prefers_dpop: True if the user wants every token to be bound to a key.
    :returns: The need. What was said to a bound token is looked for in the challenge for DPoP.
    """
    is_bound = rejected is not None and rejected.token_type is TokenType.DPOP
    challenge = challenge_to_answer(challenges, prefers_dpop=prefers_dpop or is_bound)
    wants_more = challenge is not None and wants_more_scope(challenges)
    return TokenNeed(
        rejected=rejected.access_token.reveal() if rejected is not None else None,
        challenge=challenge,
        more_scope=challenge.scope or () if challenge is not None and wants_more else None,
    )
