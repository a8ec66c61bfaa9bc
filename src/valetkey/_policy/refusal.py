# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What it means for a session that an authorization server refuses to renew it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from valetkey.errors import ClientRefused, Refused
from valetkey.protocol.dpop import PROOF_ERRORS
from valetkey.values import Client


class RefusalMeaning(Enum):
    """What a refused renewal means, in words."""

    UNCLEAR = "nothing ends: a proxy may have answered instead of the authorization server"
    TOKEN_ENDED = "the refresh token has ended"
    CLIENT_GONE = "the server has forgotten the client, and its refresh tokens with it"
    LASTING = "a login would be refused too, so no person is asked"
    OTHER = "this session cannot be renewed now; its refresh token is kept"


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """One row of the table: a condition in words, the same as a function, and what it means."""

    when: str
    holds: Callable[[Refused, Client], bool]
    meaning: RefusalMeaning


def ends_refresh_token(error: str | None) -> bool:
    """
    Tell whether an error code ends the refresh token: `invalid_grant` (RFC 6749 §5.2), or a code that names the token.

    GitHub says `bad_refresh_token`, and Slack `invalid_refresh_token`.
    """
    return error is not None and (error == "invalid_grant" or "refresh_token" in error)


def _is_unclear(refusal: Refused, client: Client) -> bool:
    # Supabase answers 422 and a JSON text of its own for a client it has forgotten.
    return refusal.error is None and not (client.registered and refusal.is_json)


def _is_about_client(refusal: Refused, _: Client) -> bool:
    return isinstance(refusal, ClientRefused) or refusal.error is None


REFUSALS = (
    RefusalRow(
        "the answer has no error code, and is not JSON about a registered client", _is_unclear, RefusalMeaning.UNCLEAR
    ),
    RefusalRow(
        "the error code is `invalid_grant`, or names the refresh token",
        lambda refusal, _: ends_refresh_token(refusal.error),
        RefusalMeaning.TOKEN_ENDED,
    ),
    RefusalRow(
        "the client is refused, and Valetkey had registered it",
        lambda refusal, client: client.registered and _is_about_client(refusal, client),
        RefusalMeaning.CLIENT_GONE,
    ),
    RefusalRow("the client is refused, and a person had registered it", _is_about_client, RefusalMeaning.LASTING),
    RefusalRow("the DPoP proof is refused", lambda refusal, _: refusal.error in PROOF_ERRORS, RefusalMeaning.LASTING),
    RefusalRow("anything else", lambda *_: True, RefusalMeaning.OTHER),
)
"""The first row whose condition holds says what a refusal means."""


def meaning_of(refusal: Refused, client: Client) -> RefusalMeaning:
    """Give the meaning of a refused renewal."""
    return next(row.meaning for row in REFUSALS if row.holds(refusal, client))
