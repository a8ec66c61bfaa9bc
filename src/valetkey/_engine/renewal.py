# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A renewal within an attempt: refresh, look up what follows (`refresh_outcome`), and do it.

Nothing is done twice for ever: the metadata is read once, an answer that was lost is asked for once more, and after a
renewal that came to nothing the attempt makes no other.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass, replace

from valetkey._clients.registration import Registrations
from valetkey._discovery.server import moved_server
from valetkey._engine.refresh import Refresher
from valetkey._engine.refresh_outcome import (
    NextStep,
    Overtaken,
    Refresh,
    RefreshOutcome,
    RefreshRefused,
    Renewed,
    after_refresh,
)
from valetkey._engine.telling import tell_renewal
from valetkey._grants.token_endpoint import TokenEndpoint
from valetkey._sessions.sessions import Sessions
from valetkey.errors import AuthError, TemporaryError
from valetkey.seams import Seams
from valetkey.settings.settings import Settings
from valetkey.store.protocol import Conflict, Lease
from valetkey.values import Session

_logger = logging.getLogger("valetkey")


@dataclass(slots=True)
class RenewalProgress:
    """What one attempt has learned about renewing."""

    early: bool = False
    explicit: bool = False
    session: Session | None = None  # what was to be renewed
    failure: AuthError | None = None  # why the session was not renewed; then it is not tried again
    is_unanswered: bool = False  # the first refresh got no answer
    has_read_metadata: bool = False
    conflicts: int = 0  # how often another program has written the session before a refresh


class Renewal:
    """Renews the session of one MCP server. Its callers hold the session's lease."""

    def __init__(
        self,
        settings: Settings,
        seams: Seams,
        sessions: Sessions,
        tokens: TokenEndpoint,
        registrations: Registrations,
    ) -> None:
        self._settings = settings
        self._seams = seams
        self._sessions = sessions
        self._registrations = registrations
        self._refresher = Refresher(settings, seams, sessions, tokens)

    def renew(
        self, progress: RenewalProgress, session: Session, version: str, lease: Lease
    ) -> tuple[NextStep, Session | None]:
        """Renew the session; give what the attempt does next, and the session if there is one to use."""
        progress.session = session
        outcome = self._refresher.refresh(session, version, lease)
        progress.conflicts += isinstance(outcome, Overtaken)
        refresh = Refresh(
            outcome,
            early=progress.early,
            explicit=progress.explicit,
            may_read_metadata=not progress.has_read_metadata and self._settings.token_endpoint is None,
            is_second=progress.is_unanswered,
            conflicts=progress.conflicts,
        )
        next_step = after_refresh(refresh)
        if next_step is NextStep.READ_METADATA:
            progress.has_read_metadata = True
            if self._has_moved(session):
                return NextStep.LOOK_AGAIN, None
            next_step = after_refresh(replace(refresh, may_read_metadata=False))
        tell_renewal(session, outcome, next_step, early=progress.early)
        return next_step, self._follow(progress, next_step, outcome, session)

    def _follow(
        self, progress: RenewalProgress, next_step: NextStep, outcome: RefreshOutcome, session: Session
    ) -> Session | None:
        if isinstance(outcome, Renewed):
            return outcome.session
        if isinstance(outcome, Overtaken):
            if next_step is NextStep.FAIL:
                raise self._always_overtaken(session)
            return None
        failure = outcome.refusal if isinstance(outcome, RefreshRefused) else outcome.error
        if next_step is NextStep.TRY_AGAIN:
            # At once and with the same refresh token: a server that rotates forgives this within its grace period,
            # if it has one. With a new lease, because nothing is sent on one that may end before the answer.
            _logger.info("the renewal is tried once more: %s", failure)
            progress.is_unanswered = True
            return None
        progress.failure = failure
        if next_step is NextStep.FAIL:
            raise failure
        if next_step is NextStep.FORGET_CLIENT:
            self._registrations.forget(session.client)
        elif isinstance(outcome, RefreshRefused) and outcome.meaning.ends_token:  # the client was accepted
            self._registrations.saw(session.client)
        _logger.info("the session at %s cannot be renewed, it begins anew: %s", session.issuer, failure)
        return None

    def _has_moved(self, session: Session) -> bool:
        """Read where the token endpoint is now (RFC 8414 §3), and write it into the session if that is news."""
        server = moved_server(session.server, "token_endpoint", self._settings, self._seams.send)
        if server is None:
            return False
        stored, version = self._sessions.read()
        if stored is not None and stored.token == session.token:
            with suppress(Conflict):
                self._sessions.amend(replace(stored, server=server), version)
        return True

    @staticmethod
    def _always_overtaken(session: Session) -> TemporaryError:
        message = f"The session store reports a conflict whenever the session at {session.issuer} is written."
        hint = "Try again; if that does not help, test the store with valetkey.store.testing."
        return TemporaryError(message, hint=hint)
