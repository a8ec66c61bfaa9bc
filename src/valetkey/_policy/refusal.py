# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What a refusal of an authorization server means, as a table: the first row whose condition holds says it.

Only the server's own word, an OAuth error code in an answer that can be read, ends a refresh token or a client. What
cannot be understood may come from a gateway between: it ends nothing, and a new login stays possible. A
request for metadata or for a registration shows neither a token nor a stored client: its refusal does not come here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from valetkey.errors import AuthError, LoginFailed, MalformedDocument, Refused
from valetkey.profiles.profile import STANDARD, Profile
from valetkey.protocol.dpop import PROOF_ERRORS
from valetkey.protocol.error_response import ABSENT_STATUSES, CLIENT_ERRORS, says_later
from valetkey.values import Client, ClientOrigin


class Asked(Enum):
    """What a server was asked for."""

    RENEWAL = "a renewal"
    CODE = "a token for a code"
    REVOCATION = "a revocation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer that refuses what was asked, as far as it matters here."""

    asked: Asked
    status: int
    error: str | None = None  # the OAuth error code, if the body can be read and has one
    is_object: bool = False  # True for a JSON object
    origin: ClientOrigin | None = None  # where the client that asked comes from; None without a client
    forgets_with: tuple[int, ...] = ()  # the statuses that this provider has for a client it has forgotten


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a refusal means, and what becomes of the token, the client, the endpoint and the person."""

    name: str
    ends_token: bool = False
    ends_client: bool = False
    is_elsewhere: bool = False  # the endpoint may have moved: the issuer's metadata says where it is
    may_ask_person: bool = True


LATER = Meaning("later: the same request may succeed", may_ask_person=False)
NOT_HERE = Meaning("not here: the issuer's metadata says where", is_elsewhere=True)
TOKEN_ENDED = Meaning("the refresh token has ended", ends_token=True)
CLIENT_GONE = Meaning(
    "the server has forgotten the client, and its refresh tokens with it", ends_token=True, ends_client=True
)
LASTING = Meaning("a login would be refused too", may_ask_person=False)
NOTHING_ENDS = Meaning("nothing ends; a new login may help")

MEANINGS = (LATER, NOT_HERE, TOKEN_ENDED, CLIENT_GONE, LASTING, NOTHING_ENDS)


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """One row of the table: a condition in words, the same as a function, and what it means."""

    when: str
    holds: Callable[[Answer], bool]
    meaning: Meaning


def ends_refresh_token(error: str | None) -> bool:
    """
    Tell whether an error code ends the refresh token: `invalid_grant` (RFC 6749 §5.2), or a code that names the token.

    GitHub says `bad_refresh_token`, and Slack `invalid_refresh_token`.
    """
    return error is not None and (error == "invalid_grant" or "refresh_token" in error)


def _is_later(answer: Answer) -> bool:
    return says_later(answer.status, answer.error)


def _redirects(answer: Answer) -> bool:
    return 300 <= answer.status < 400


def _ends_token(answer: Answer) -> bool:
    return answer.asked is Asked.RENEWAL and ends_refresh_token(answer.error)


def _ends_client(answer: Answer) -> bool:
    shows_client = answer.asked in (Asked.RENEWAL, Asked.CODE)
    if not shows_client or answer.origin is not ClientOrigin.REGISTERED:
        return False
    has_said_otherwise = answer.error is None and answer.is_object and answer.status in answer.forgets_with
    return answer.error in CLIENT_ERRORS or has_said_otherwise


def _is_wrong_client(answer: Answer) -> bool:
    return answer.error == "invalid_client" and answer.origin is ClientOrigin.CONFIGURED


REFUSALS = (
    RefusalRow("the status is 5xx, 407, 408, 425 or 429, or the error code says so", _is_later, LATER),
    RefusalRow("the status is 3xx", _redirects, NOT_HERE),
    RefusalRow(
        "a renewal is refused with the error code `invalid_grant`, or one that names the refresh token",
        _ends_token,
        TOKEN_ENDED,
    ),
    RefusalRow(
        "a client that Valetkey has registered is refused with `invalid_client` or `unauthorized_client`, or as the "
        "provider's profile says",
        _ends_client,
        CLIENT_GONE,
    ),
    RefusalRow("a client that the user has given is refused with `invalid_client`", _is_wrong_client, LASTING),
    RefusalRow("the DPoP proof is refused", lambda answer: answer.error in PROOF_ERRORS, LASTING),
    RefusalRow("the status is 404, 405 or 410", lambda answer: answer.status in ABSENT_STATUSES, NOT_HERE),
    RefusalRow("anything else: another error code, or an answer without one", lambda _: True, NOTHING_ENDS),
)
"""The first row whose condition holds says what a refusal means."""


def meaning_of(answer: Answer) -> Meaning:
    """Give the meaning of a refusal."""
    return next(row.meaning for row in REFUSALS if row.holds(answer))


def answer_of(
    error: AuthError, asked: Asked, client: Client | None = None, profile: Profile = STANDARD
) -> Answer | None:
    """Give the answer that an error tells of; None where no server has refused or mistaken a request."""
    origin = client.origin if client is not None else None
    forgets_with = profile.forgotten_client_statuses
    if isinstance(error, Refused):
        return Answer(
            asked=asked,
            status=error.status or 400,
            error=error.error,
            is_object=error.is_json,
            origin=origin,
            forgets_with=forgets_with,
        )
    if isinstance(error, MalformedDocument):
        return Answer(asked=asked, status=200, origin=origin)
    if isinstance(error, LoginFailed) and error.error is not None:  # RFC 6749 §4.1.2.1 has the codes, and no status
        return Answer(asked=asked, status=400, error=error.error, origin=origin)
    return None
