# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What counts as a rejection of a token by the MCP server, and whether a token fits a challenge."""

from collections.abc import Sequence

from valetkey.protocol.challenge import DPOP, Challenge, challenge_to_answer
from valetkey.values import Session


def is_rejection(status: int, challenges: Sequence[Challenge]) -> bool:
    """
    Tell whether a response asks for another token: every 401, and a 403 that says `insufficient_scope` (RFC 6750 §3.1).

    Any other 403 is a matter of permission and not of the token.
    """
    if status == 401:
        return True
    return status == 403 and wants_more_scope(challenges)


def wants_more_scope(challenges: Sequence[Challenge]) -> bool:
    """Tell whether a challenge for Bearer or DPoP says `insufficient_scope` (RFC 6750 §3.1, RFC 9449 §7.1)."""
    challenge = challenge_to_answer(challenges)
    return challenge is not None and challenge.get("error") == "insufficient_scope"


def fits_scheme(session: Session, challenge: Challenge | None) -> bool:
    """
    Tell whether the session's token can be presented in the scheme of a challenge (RFC 9110 §11.4).

    It cannot if the challenge is for DPoP and the token is not bound to a key.
    """
    return challenge is None or challenge.scheme != DPOP or session.dpop_key is not None
