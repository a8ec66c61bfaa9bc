# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A stored session as a person reads it, and as a document. No secret is in either."""

import time
from typing import TYPE_CHECKING

from valetkey._cli.wording import for_commands
from valetkey.errors.copies import without_secrets
from valetkey.errors.texts import harmless

if TYPE_CHECKING:
    from valetkey._sessions.listing import StoredSession
    from valetkey.values import Session

_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60

_STATES = {
    "valid": "the token is good",
    "renewable": "the token has expired, and is renewed when it is next used",
    "expired": "the token has expired; log in again",
    "ended": "its authorization server has ended it; log in again",
    "unreadable": "the record cannot be read",
}


def shown_url(url: str) -> str:
    """Give a URL to show: without passwords in it, and nothing that moves a cursor."""
    return harmless(without_secrets(url, url))


def account_of(stored: "StoredSession") -> str:
    """Name the account of a session: its label, and the user if it is another one than the person here."""
    label, principal = stored.said("label"), stored.said("principal")
    named = "default" if label is None else label or '""'
    return harmless(named if principal in (None, "local") else f"{named} of {principal}")


def server_of(stored: "StoredSession") -> str:
    """Name the server of a session; the resource for a record of an older version."""
    url = stored.said("url") or (stored.session.resource if stored.session is not None else None)
    return "a server that the record does not name" if url is None else shown_url(url)


def state_of(stored: "StoredSession", now: float | None = None) -> str:
    """Tell in one word whether a session can be used."""
    session = stored.session
    if session is None:
        return "unreadable"
    now = time.time() if now is None else now
    if session.token.expires_at is None or session.token.expires_at > now:
        return "valid"
    if session.ended is not None:
        return "ended"
    is_machine = stored.settings is not None and stored.settings.is_machine
    return "renewable" if session.token.refresh_token is not None or is_machine else "expired"


def document_of_session(stored: "StoredSession") -> dict[str, object]:
    """Describe a session for `--json`."""
    url = stored.said("url")
    document: dict[str, object] = {
        "server_url": None if url is None else without_secrets(url, url),
        "principal": stored.said("principal"),
        "label": stored.said("label"),
        "state": state_of(stored),
        "problem": None if stored.problem is None else stored.problem.message,
    }
    session = stored.session
    if session is None:
        return document
    scope, resource = session.token.scope, session.resource
    return {
        **document,
        "problem": session.ended,
        "issuer": session.issuer,
        "resource": None if resource is None else without_secrets(resource, resource),
        "client_id": session.client.client_id,
        "client_origin": str(session.client.origin),
        "scope": None if scope is None else list(scope),
        "token_type": str(session.token.token_type),
        "expires_at": session.token.expires_at,
        "has_refresh_token": session.token.refresh_token is not None,
        "with_person": session.interactive,
    }


def names_of_session(stored: "StoredSession") -> dict[str, object]:
    """Say for `--json` which session it is."""
    document = document_of_session(stored)
    return {name: document[name] for name in ("server_url", "principal", "label")}


def lines_of_session(stored: "StoredSession") -> list[str]:
    """Describe a session for a person: the server, and below it what is known."""
    state, session = state_of(stored), stored.session
    lines = [server_of(stored)]
    if stored.named is not None:
        lines.append(f"  account  {account_of(stored)}")
    if session is None:
        problem = "" if stored.problem is None else f"{stored.problem.message} {for_commands(stored.problem.hint)}"
        return [*lines, f"  problem  {problem or _STATES[state]}"]
    lines.append(f"  issuer   {shown_url(session.issuer)}")
    lines.append(f"  client   {harmless(session.client.client_id) or 'none'} ({session.client.origin})")
    if session.token.scope:
        lines.append(f"  scope    {harmless(' '.join(session.token.scope))}")
    lines.append(f"  token    {_token(session, state)}")
    if session.ended is not None:
        lines.append(f"  ended    {harmless(session.ended)}")
    return lines


def _token(session: "Session", state: str) -> str:
    if state != "valid":
        return _STATES[state]
    expires_at = session.token.expires_at
    lasts = (
        "good until the server rejects it" if expires_at is None else f"good for {duration(expires_at - time.time())}"
    )
    if session.ended is not None:
        return f"{lasts}, and not renewed after that"
    return f"{lasts}, {'then it is renewed' if session.token.refresh_token is not None else 'then log in again'}"


def duration(seconds: float) -> str:
    """Give a time in its two largest units: `2 h 5 min`."""
    rest = max(0, int(seconds))
    if rest < _MINUTE:
        return f"{rest} s"
    if rest < _HOUR:
        return f"{rest // _MINUTE} min"
    if rest < _DAY:
        return " ".join(part for part in (f"{rest // _HOUR} h", _part(rest % _HOUR // _MINUTE, "min")) if part)
    days = rest // _DAY
    named = f"{days} day" if days == 1 else f"{days} days"
    return " ".join(part for part in (named, _part(rest % _DAY // _HOUR, "h")) if part)


def counted(number: int, one: str, more: str) -> str:
    """Give a number with its noun: `1 session`, `2 sessions`."""
    return f"{number} {one if number == 1 else more}"


def _part(number: int, unit: str) -> str:
    return f"{number} {unit}" if number else ""
