# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Judging what is on this computer: the stored session, the clock; and a login that was really made."""

from collections.abc import Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime

from valetkey._cli.doctor.answers import quoted_words
from valetkey._cli.doctor.catalog import found
from valetkey._cli.doctor.facts import Facts, Stored, Tried
from valetkey._cli.doctor.findings import Finding
from valetkey._cli.doctor.shown import is_page, said
from valetkey._policy.lifetime import is_expired
from valetkey.errors import IssuerMismatch, quote
from valetkey.protocol.challenge import challenge_to_answer, parse_challenges
from valetkey.values import Session
from valetkey.wire import HttpResponse

TOLERATED_SECONDS = 60.0
"""How far two clocks may differ: tokens are renewed a minute early, and answers take a while."""

_LONGEST_DATE = 64
_FORBIDS = "It answers 403 to the new token."


def judge_session(facts: Facts) -> tuple[Finding, ...]:
    """Judge the session that is stored here for this server."""
    stored, now = facts.stored, _now(facts)
    if facts.answer is None:
        return ()
    place = f" The store is {stored.place}." if stored.place else ""
    if stored.error is not None:
        return (found("store_unusable", stored.error.message, client=stored.error.hint),)
    if stored.session is None:
        return (found("session_none", f"No session of this server is stored here.{place}"),)
    return (_of_session(facts, stored, stored.session, now, place),)


def _of_session(facts: Facts, stored: Stored, session: Session, now: float, place: str) -> Finding:
    if stored.unfit is not None:
        return found("session_unfit", f"It was obtained with another {stored.unfit}.{place}")
    if facts.target is not None and facts.target.server.issuer != session.issuer:
        return found("session_unfit", f"It is of {quote(session.issuer)}, and the server names another now.{place}")
    if session.ended is not None:
        return found("session_ended", f"Its server said: {session.ended}.{place}")
    has_ended = is_expired(session.token, now)
    if has_ended and session.token.refresh_token is None:
        return found("session_ended", f"Its token has ended, and there is no refresh token.{place}")
    if has_ended:
        return found("session_expired", f"Its token has ended; there is a refresh token.{place}")
    return found("session_good", f"It is of {quote(session.issuer)} and lasts {_rest(session, now)}.{place}")


def _rest(session: Session, now: float) -> str:
    if session.token.expires_at is None:
        return "until the server ends it"
    return f"{duration(session.token.expires_at - now)} more"


def duration(seconds: float) -> str:
    """Write a time as a person says it."""
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}s"
    return f"{seconds:.0f} seconds"


def _now(facts: Facts) -> float:
    return facts.answer.received_at if facts.answer is not None else 0.0


def judge_clock(facts: Facts) -> tuple[Finding, ...]:
    """Compare this computer's clock with the Date of each server's first answer."""
    differences: dict[str, float] = {}
    for exchange in facts.exchanges:
        moment = _moment(exchange.response)
        if moment is not None:
            differences.setdefault(exchange.request.url.split("/")[2], exchange.received_at - moment)
    if not differences:
        return ()
    host, worst = max(differences.items(), key=lambda each: abs(each[1]))
    if abs(worst) <= TOLERATED_SECONDS:
        return (found("clock_ok", "Both clocks agree."),)
    direction = "ahead of" if worst > 0 else "behind"
    return (found("clock_off", f"This computer's clock is {duration(abs(worst))} {direction} that of {host}."),)


def _moment(response: HttpResponse | None) -> float | None:
    date = response.header("Date") if response is not None else None
    try:
        moment = parsedate_to_datetime((date or "")[:_LONGEST_DATE])
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def judge_login(facts: Facts) -> tuple[Finding, ...]:
    """Judge the login that was made because the user has asked for it."""
    tried = facts.tried
    if tried is None:
        return ()
    if tried.error is not None:
        code = "login_answer_unproven" if isinstance(tried.error, IssuerMismatch) else "login_failed"
        return (found(code, tried.error.message, client=tried.error.hint),)
    if tried.session is None:
        return (found("login_worked", "The server wants no login."),)
    return tuple(_of_login(tried, tried.session))


def _of_login(tried: Tried, session: Session) -> Iterator[Finding]:
    token = session.token
    yield found("login_worked", f"A session of {quote(session.issuer)} is stored, after {duration(tried.seconds)}.")
    yield from _of_answer(tried.answer)
    if token.expires_at is None:
        yield found("token_without_expiry", "There was no expires_in.")
    if token.refresh_token is None and session.interactive:
        yield found("token_without_refresh", "There was no refresh_token.")
    missing = [each for each in session.requested_scope or () if each not in (token.scope or ())]
    if missing:
        yield found("token_with_less_scope", f"It lacks {quote(' '.join(missing), 160)}.")


def _of_answer(answer: HttpResponse | None) -> Iterator[Finding]:
    if answer is None:
        return
    challenge = challenge_to_answer(
        parse_challenges(value for name, value in answer.headers if name.lower() == "www-authenticate")
    )
    quoted = said(answer, "www-authenticate")
    if answer.status == 401:
        yield found("token_rejected", "It answers 401 to the new token.", quoted)
    elif answer.status == 403 and challenge is not None:
        scope = " ".join(challenge.scope or ())
        text = f"It answers 403 to the new token, and wants {quote(scope, 160)}." if scope else _FORBIDS
        yield found("token_lacks_scope", text, quoted)
    elif answer.status == 403:
        yield found("token_forbidden", _FORBIDS, quoted_words(answer))
    elif answer.status >= 500 or is_page(answer):
        what = "with a web page" if is_page(answer) else "to a ping"
        yield found("token_unproven", f"It answers {answer.status} {what}.", quoted_words(answer))
    else:
        yield found("token_accepted", f"It does not reject the new token (it answers {answer.status} to a ping).")
