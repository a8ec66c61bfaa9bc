# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Error answers of an authorization server (RFC 6749 §5.2, RFC 7591 §3.2.2): which are temporary, and what they say."""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl

from valetkey import urls, wire
from valetkey.errors import ClientRefused, Refused, TemporaryError, quote
from valetkey.protocol.refusal_hint import refusal_hint
from valetkey.protocol.server_words import later, words_of
from valetkey.values import Scope
from valetkey.wire import HttpResponse

_TEMPORARY_STATUSES = frozenset({407, 408, 425, 429})
"""RFC 9110 §15.5.8 (a proxy between wants to know us), §15.5.9; RFC 8470 §5.2; RFC 6585 §4. Each 5xx is one too."""
_TEMPORARY_CODES = re.compile(
    r"(temporarily|service|server)?unavailable|((internal)?server|internal|fatal|backend)error"
    r"|badgateway|(gateway|request)?time(out|dout)|(server|service)?(busy|overloaded)|(under)?maintenance"
    r"|ratelimit(ed|exceeded)?|toomanyrequests|(requestlimit|quota)exceeded|resourceexhausted|thrott(led|ling)"
    r"|tryagain(later)?"
)
"""Codes that say "later", without case and punctuation: two of RFC 6749 §4.1.2.1, and what Slack and others say."""
ABSENT_STATUSES = frozenset({404, 405, 410})
"""RFC 9110 §15.5.5, §15.5.6, §15.5.11."""
CLIENT_ERRORS = frozenset({"invalid_client", "unauthorized_client"})
"""RFC 6749 §4.1.2.1, §5.2: the server does not know this client, or does not allow it this grant."""
_LONGEST_CODE = 100
LONGEST_WORDS = 8192
"""Characters that are read: more than an error keeps, so that no secret is cut in two before it is left out there."""
_LARGEST_FORM = 65_536
"""Bytes; an answer of this kind is a token or an error."""
_LONGEST_DATE = 64
_LONGEST_WAIT = 365 * 86_400.0


def read_parameters(response: HttpResponse) -> Mapping[str, object] | None:
    """
    Read the members of an answer: a JSON object, or a form as GitHub sends it unless asked for JSON.

    None if the body is neither (an HTML page, an empty body).
    """
    document = wire.json_object(response)
    if document is not None:
        return document
    media_type = (response.header("Content-Type") or "").partition(";")[0].strip().lower()
    if media_type != "application/x-www-form-urlencoded" or len(response.body) > _LARGEST_FORM:
        return None
    if b"=" not in response.body:
        return {}  # a name without a value says nothing, and a long one takes long to decode
    try:
        return dict(parse_qsl(response.body.decode(), keep_blank_values=True, max_num_fields=100))
    except ValueError:
        return None


def read_error(response: HttpResponse) -> tuple[str | None, str | None]:
    """Read `error`, and the reason in words as `words_of` finds it, both untrusted; None for what is not there."""
    parameters = read_parameters(response) or {}
    code, description = _short(parameters.get("error")), _short(parameters.get("error_description"))
    if description is not None:
        return code, description
    return code, words_of(response) if code is not None or response.status >= 300 else None


def _short(text: object) -> str | None:
    """Cut a text, and replace half surrogate pairs: a program may write what an error says into a file."""
    return text[:LONGEST_WORDS].encode(errors="replace").decode() if isinstance(text, str) and text else None


def is_temporary(response: HttpResponse) -> bool:
    """
    Tell whether the same request may succeed later: 5xx, 407, 408, 425, 429, and the error codes that say so.

    No token and no client may be forgotten because of such an answer. What redirects does not speak for the endpoint.
    """
    return says_later(response.status, read_error(response)[0])


def says_later(status: int, error: str | None) -> bool:
    """Tell whether a status, or the error code beside it, says that the same request may succeed later."""
    if status >= 500 or status in _TEMPORARY_STATUSES:
        return True
    if error is None or len(error) > _LONGEST_CODE or 300 <= status < 400:
        return False
    return _TEMPORARY_CODES.fullmatch(re.sub(r"[\W_]", "", error).lower()) is not None


def temporary_error(response: HttpResponse, who: str, *, now: float) -> TemporaryError:
    """Make the error for a temporary answer of `who` ("The token endpoint"), with the time of its Retry-After."""
    error, description = read_error(response)
    reason = " ".join(quote(text) for text in (error, description) if text)
    message = f"{who} {response.url} answered {response.status}{': ' if reason else ''}{reason}."
    wait = retry_after(response, now=now)
    return TemporaryError(message, hint=f"Try again {later(wait)}.", retry_after=wait, error=error)


def refusal_error(
    response: HttpResponse, who: str, *, scope: Scope | None = None, needs_person: bool = True
) -> Refused:
    """Make the error for an answer that refuses a request for a scope (RFC 6749 §5.2), with the server's reason."""
    error, description = read_error(response)
    reason = " ".join(quote(text) for text in (error, description) if text) or "without saying why"
    location = response.header("Location")
    is_redirect = 300 <= response.status < 400  # none is followed with a credential
    if is_redirect and location is not None:
        target = wire.redirect_target(response) or location
        reason = f"it redirects to {quote(urls.without_query(target))}"
    message = f"{who} {response.url} refused ({response.status}): {reason}."
    is_elsewhere = is_redirect or (error is None and response.status in ABSENT_STATUSES)
    hint = refusal_hint(error, is_elsewhere=is_elsewhere, scope=scope, needs_person=needs_person)
    if is_redirect:
        error = description = None  # the word of who redirects, and not of the endpoint
    kind = ClientRefused if error in CLIENT_ERRORS else Refused
    return kind(
        message,
        hint=hint,
        error=error,
        description=description,
        status=response.status,
        endpoint=response.url,
        is_json=wire.json_object(response) is not None,
    )


def retry_after(response: HttpResponse, *, now: float | None) -> float | None:
    """
    Read Retry-After (RFC 9110 §10.2.3): seconds from now, from 0 to a year; None if there is none.

    Without `now`, a date counts from the Date of the answer (RFC 9110 §6.6.1).
    """
    now = _moment(response.header("Date") or "") if now is None else now
    return seconds_to_wait(response.header("Retry-After") or "", now=now)


def seconds_to_wait(value: str, *, now: float | None) -> float | None:
    """Read the value of Retry-After, a number or a date: seconds from now, from 0 to a year; None if it is neither."""
    value = value[:_LONGEST_DATE].strip()
    if value.isascii() and value.isdigit():
        return min(float(value), _LONGEST_WAIT)
    moment = _moment(value)
    return None if moment is None or now is None else min(max(0.0, moment - now), _LONGEST_WAIT)


def _moment(value: str) -> float | None:
    """Read a date of RFC 9110 §5.6.7 as Unix time."""
    try:
        moment = parsedate_to_datetime(value[:_LONGEST_DATE])
        if moment.tzinfo is None:  # the asctime form names no zone: it is UTC
            moment = moment.replace(tzinfo=UTC)
        return moment.timestamp()
    except (ValueError, OverflowError):
        return None
