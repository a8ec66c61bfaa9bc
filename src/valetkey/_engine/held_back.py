# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a caller is told while the brake holds: what happened, how often, in whose words, and when it ends."""

from collections.abc import Callable

from valetkey._engine.step_up import wish
from valetkey._policy.brake import DECLINED_ROW, SAME_SCOPE_ROW, Brake, Failure, Planned, Rest, declined_before
from valetkey.errors import (
    AuthError,
    ClientRefused,
    LoginFailed,
    LoginRequired,
    MalformedDocument,
    Refused,
    ScopeMissing,
    TemporaryError,
    TokenRejected,
    TrustError,
    Unsupported,
)
from valetkey.settings.settings import Settings
from valetkey.values import Session

_Make = Callable[[str, str, str | None, float], AuthError]


def held_back(rest: Rest, brake: Brake, planned: Planned, settings: Settings, session: Session | None) -> AuthError:
    """Give the error for an act that has to wait: of the kind that the caller would have met without the brake."""
    server, now = settings.server_url, planned.now
    left = rest.ends_at - now
    after = f"The next try may be made in {_span(left)}; login() or valetkey login makes one at once."
    if rest.row is DECLINED_ROW:
        return _declined(brake, planned, server, left, session)
    if rest.row is SAME_SCOPE_ROW or (brake.failure is Failure.SCOPE and planned.scope is not None):
        hint = f"Ask the server's operator whether this account may have it. {after}"
        granted = (session.token.scope if session is not None else None) or ()
        message = f"{wish(server, planned.scope or ())}. The last login did not bring it."
        return ScopeMissing(message, hint=hint, required=planned.scope or (), granted=granted)
    issuer = session.issuer if session is not None else "the authorization server"
    if brake.failure is Failure.REJECTED:
        said = f" It says: {brake.words}." if brake.words else ""
        check = "to check the audience of these tokens (resource=), and whether a restart forgets them"
        hint = f"Tell the server's operator {check}. {after}"
        if brake.rejections < 2:
            message = f"{server} rejects the token that {issuer} has just issued for it.{said}"
        else:
            issued = f"{brake.rejections} tokens were issued by {issuer} in the last {_since(brake, now)}"
            message = f"{issued}, all rejected by {server}.{said}"
        return TokenRejected(message, hint=hint)
    if brake.failure is None:
        message = f"{_tries(brake, now)} for {server}, and none has brought a token that lasts."
        see = f"See whether {issuer} issues tokens that end at once, or a login was broken off, or its session deleted"
        return LoginRequired(message, hint=f"{see}. {after}")
    message = f"{_tries(brake, now)} for {server} have failed, the last one so: {brake.words}"
    return _MAKERS[brake.failure](message, after, brake.error, left)


def _declined(brake: Brake, planned: Planned, server: str, left: float, session: Session | None) -> AuthError:
    hint = f"The person may be asked again in {_span(left)}; login() or valetkey login asks at once."
    login = declined_before(brake, None)
    scope = None if planned.scope is None else declined_before(brake, planned.scope)
    if scope is not None and (login is None or login.at <= scope.at):
        times = "" if scope.times < 2 else f", {scope.times} times in a row"
        message = f"{wish(server, planned.scope or ())}, which was declined a short while ago{times}."
        granted = (session.token.scope if session is not None else None) or ()
        return ScopeMissing(message, hint=hint, required=planned.scope or (), granted=granted)
    times = "" if login is None or login.times < 2 else f" {login.times} times in a row"
    said = f" {brake.words}" if brake.failure is Failure.DECLINED else ""
    message = f"The person has declined the login for {server}{times}, {_span(planned.now - brake.at)} ago.{said}"
    return LoginFailed(message, hint=hint, error="access_denied")


_MAKERS: dict[Failure, _Make] = {
    Failure.REFUSED: lambda message, hint, error, _: Refused(message, hint=hint, error=error),
    Failure.CLIENT_REFUSED: lambda message, hint, error, _: ClientRefused(message, hint=hint, error=error),
    Failure.UNANSWERED: lambda message, hint, error, _: LoginFailed(message, hint=hint, error=error),
    Failure.DECLINED: lambda message, hint, error, _: LoginFailed(message, hint=hint, error=error),
    Failure.SCOPE: lambda message, hint, *_: ScopeMissing(message, hint=hint),
    Failure.NO_PERSON: lambda message, hint, *_: LoginRequired(message, hint=hint),
    Failure.UNREADABLE: lambda message, hint, *_: MalformedDocument(message, hint=hint, url=""),
    Failure.UNAVAILABLE: lambda message, hint, error, left: TemporaryError(
        message, hint=hint, retry_after=left, error=error
    ),
    Failure.UNSUPPORTED: lambda message, hint, *_: Unsupported(message, hint=hint),
    Failure.UNTRUSTED: lambda message, hint, *_: TrustError(message, hint=hint),
}


def _tries(brake: Brake, now: float) -> str:
    tries = "1 try" if brake.acts == 1 else f"{brake.acts} tries"
    return f"{tries} in the last {_since(brake, now)}"


def _since(brake: Brake, now: float) -> str:
    return "minute" if now - brake.since < 90.0 else _span(now - brake.since)


def _span(seconds: float) -> str:
    """Say a time in the unit that fits."""
    for unit, length in (("h", 5400.0), ("minutes", 120.0)):
        if seconds >= length:
            return f"{seconds / {'h': 3600.0, 'minutes': 60.0}[unit]:.0f} {unit}"
    return f"{max(seconds, 1.0):.0f} s"
