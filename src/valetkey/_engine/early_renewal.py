# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Renewing a token that still serves, in the background: no caller waits for it, and its failure is no caller's."""

import logging
import threading

from valetkey._engine.at_hand import SessionAtHand
from valetkey._engine.attempts import Attempts
from valetkey._engine.decision import TokenNeed
from valetkey._engine.single_flight import Work
from valetkey._engine.workers import Steps
from valetkey.errors import AuthError
from valetkey.values import Session

_logger = logging.getLogger("valetkey")


def early_renewal(session: Session, attempts: Attempts, at_hand: SessionAtHand) -> Work[Session]:
    """Give the work that renews a session; a caller that joins it and gets the old one starts its own attempt."""
    need = TokenNeed(rejected=session.token.access_token.reveal(), early=True)

    def work(cancelled: threading.Event) -> Steps[Session]:
        try:
            renewed = yield from attempts.obtaining(need, cancelled)
        except AuthError as error:
            _logger.info("renewal ahead of time failed, the token still serves: %s", error)
            return session
        at_hand.replace(renewed)
        return renewed

    return work
