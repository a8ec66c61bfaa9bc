# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What is here: the stored session; and a login that is really made because the user has asked for it."""

from collections.abc import Callable
from contextlib import suppress

from valetkey._cli.doctor.facts import Stored, Tried
from valetkey._policy.fitting import contradicting_option
from valetkey._sessions.codec import decode_session, session_key
from valetkey.errors import AuthError, StoreError
from valetkey.protocol.ping import ping_request
from valetkey.seams import Seams
from valetkey.settings.settings import Settings
from valetkey.store.protocol import Store
from valetkey.values import Session, Token, TokenType
from valetkey.wire import HttpResponse

LogIn = Callable[[], Session | None]
"""Logs in really."""


def stored_session(settings: Settings, store: Store, place: str) -> Stored:
    """Read the session of the settings, and see whether it fits them; it is not sent anywhere."""
    try:
        record = store.get(session_key(settings))
        session = None if record is None else decode_session(record.value)
    except StoreError as error:
        return Stored(error=error, place=place)
    unfit = None if session is None else contradicting_option(settings, session)
    return Stored(session, unfit, place=place)


def try_login(log_in: LogIn, seams: Seams, url: str) -> Tried:
    """Log in, and show the MCP server the new token."""
    started = seams.monotonic()
    try:
        session = log_in()
    except AuthError as error:
        return Tried(error=error, seconds=seams.monotonic() - started)
    seconds = seams.monotonic() - started
    answer = None if session is None else _with_token(session.token, seams, url)
    return Tried(session, answer=answer, seconds=seconds)


def _with_token(token: Token, seams: Seams, url: str) -> HttpResponse | None:
    """A token that is bound to a key has been shown by the login itself."""
    if token.token_type is not TokenType.BEARER:
        return None
    with suppress(AuthError):
        return seams.send(ping_request(url, token))
    return None
