# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What an attempt tells those who listen to events (`valetkey.events`)."""

from collections.abc import Callable

from valetkey._engine.decision import Step, TokenNeed
from valetkey._engine.refresh_outcome import NextStep, Overtaken, RefreshOutcome, RefreshRefused, Renewed
from valetkey.errors import AuthError, LoginFailed, LoginRequired
from valetkey.events.listening import failure, tell
from valetkey.settings.settings import Settings
from valetkey.values import Session


def tell_need(need: TokenNeed) -> None:
    """Tell of more scope that is wanted."""
    if need.more_scope is not None:
        tell("StepUpWanted", scope=need.more_scope)


def telling_of_login(settings: Settings, reason: str, log_in: Callable[[], Session]) -> Session:
    """Log in, and tell how that began and ended."""
    grant = settings.chosen_grant
    tell("LoginStarted", grant=grant, reason=reason)
    try:
        session = log_in()
    except AuthError as error:
        is_begun = isinstance(error, LoginRequired) and error.authorization_url is not None
        outcome = "waits" if is_begun and not isinstance(error, LoginFailed) else "failed"
        tell("LoginEnded", grant=grant, outcome=outcome, **failure(error))
        raise
    tell("LoginEnded", grant=grant, outcome="logged in", issuer=session.issuer)
    return session


def tell_renewal(session: Session, outcome: RefreshOutcome, next_step: NextStep, *, early: bool) -> None:
    """Tell how a renewal ended; one that another program has overtaken has not ended."""
    if isinstance(outcome, Renewed):
        tell("SessionRenewed", issuer=session.issuer, early=early)
    elif not isinstance(outcome, Overtaken):
        refused = isinstance(outcome, RefreshRefused)
        error = failure(outcome.refusal if isinstance(outcome, RefreshRefused) else outcome.error)
        step = next_step.value
        tell("RenewalFailed", issuer=session.issuer, early=early, refused=refused, next_step=step, **error)


def told_refusal(step: Step, error: AuthError) -> AuthError:
    """Tell what an attempt does not do; that a renewal ahead of time would need a person is no news."""
    if step is not Step.REFUSE_EARLY:
        tell("HeldBack", message=error.message)
    return error
