# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a caller is told when an attempt ends without a session: which session, why, and what leads on."""

import shlex
from typing import TypeVar

from valetkey._engine.decision import TokenNeed
from valetkey.errors import AuthError, LoginRequired, TemporaryError, quote
from valetkey.login.pending import PendingLogin
from valetkey.settings.settings import Settings
from valetkey.store.another import place_of
from valetkey.store.protocol import Store
from valetkey.values import Session

Error = TypeVar("Error", bound=AuthError)

HINT_FOR_PROGRAM = (
    "Open the authorization_url of this error and log in there; give the address that comes to complete()."
)
"""What to do with a link whose answer the program takes itself. It says nothing to the person who logs in."""


def nothing_to_renew_with() -> TemporaryError:
    """Give the error of a renewal ahead of time that only a person could make."""
    return TemporaryError("There is nothing to renew with.", hint="Log in when the token ends.")


def with_way_out(error: Error) -> Error:
    """Add to the error of a renewal that has failed for minutes what a person can do about it."""
    hint = (
        f"{error.hint.rstrip('.')}, or begin a new login: call login(), run valetkey login, or log out and log in "
        "again."
    )
    return error.with_hint(hint)


def reason_for(need: TokenNeed, session: Session | None, failure: AuthError | None) -> str:
    """Say in one of a few texts why a person is needed; `failure` is why the session was not renewed."""
    if session is None:
        return "no session yet"
    if need.more_scope is not None:
        return f"more scope: {' '.join(need.more_scope) or 'the server does not say which'}"
    said = failure.message if failure is not None else "it cannot be renewed"
    return f"the session has ended: {session.ended or said}"


def login_waits(pending: PendingLogin, reason: str) -> LoginRequired:
    """Give the error for a login that was begun and waits for its answer."""
    message = f"{pending.server_url} waits for a person to log in at {pending.issuer}."
    is_short = pending.link != pending.authorization_url
    hint = f"Open {pending.link} and log in there, then try again." if is_short else HINT_FOR_PROGRAM
    return LoginRequired(
        message,
        hint=hint,
        authorization_url=pending.link,
        principal=pending.principal,
        reason=reason,
        deadline=pending.ends_at,
    )


def explained(
    error: LoginRequired, settings: Settings, session: Session | None, failure: AuthError | None, store: Store
) -> LoginRequired:
    """Say which session needs a person, who has ended it and in whose words, and where it can be begun anew."""
    what = f"{_named(settings)} at {settings.server_url}"
    if session is None:
        return error
    if session.ended is not None:
        cause = f"The session{what} was ended by {session.issuer}: {session.ended}"
    elif failure is not None:
        cause = f"The session{what} was not renewed by {session.issuer}: {failure.message}"
    else:
        cause = f"The session{what}, issued by {session.issuer}, cannot be renewed, or not for what is wanted."
    hint = (
        f"{error.hint.rstrip('.')}: {_commanded(settings)}call {_constructed(settings)}.login() "
        f"with the same settings; the session store is {place_of(store) or type(store).__name__}."
    )
    return LoginRequired(f"{error.message} {cause}", hint=hint, authorization_url=error.authorization_url)


def _chosen(settings: Settings) -> dict[str, str]:
    named = {"principal": settings.principal, "label": settings.label}
    usual = {"principal": "local", "label": "default"}
    return {name: value for name, value in named.items() if value != usual[name]}


def _named(settings: Settings) -> str:
    chosen = [f"{name} {quote(value)}" for name, value in _chosen(settings).items()]
    return f" of {' and '.join(chosen)}" if chosen else ""


def _commanded(settings: Settings) -> str:
    """Name the command that begins the login, where it makes the session of these settings."""
    if settings.principal != Settings.principal or settings.is_machine or settings.client_secret or settings.can_sign:
        return ""  # a user logs in at the web app of a service; a credential stands in the program's settings
    options = {"--client-id": settings.client_id, "--label": _chosen(settings).get("label")}
    given = [f"{name} {shlex.quote(value)}" for name, value in options.items() if value is not None]
    return f"run {' '.join(('valetkey login', shlex.quote(settings.server_url), *given))}, or "


def _constructed(settings: Settings) -> str:
    chosen = (f"{name}={value!r}" for name, value in _chosen(settings).items())
    return f"OAuth({', '.join((repr(settings.server_url), *chosen))})"
