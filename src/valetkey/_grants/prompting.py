# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What the two grants share that ask a person: the plan of a login, its correction, and the prompt while it is open."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from valetkey._clients.registration import ClientChoice
from valetkey._clients.selection import ClientSelection
from valetkey._discovery.target import AuthorizationTarget
from valetkey._grants.grant import GrantContext
from valetkey._network.request_log import log_exchange
from valetkey._policy.scope import smaller_scope
from valetkey._policy.tolerance import declines_audience, declines_resource
from valetkey.errors import AuthError, LoginFailed, Refused
from valetkey.events.listening import is_heard, tell
from valetkey.login.unanswered import login_cancelled
from valetkey.seams import LoginPrompt
from valetkey.values import Scope

_logger = logging.getLogger("valetkey")


@dataclass(frozen=True, slots=True)
class LoginPlan:
    """What one login asks for; a parameter that is None is left out."""

    target: AuthorizationTarget
    scope: Scope | None
    resource: str | None
    audience: str | None = None
    localhost: bool = False  # True for a redirect address with this name instead of 127.0.0.1


def corrected_plan(
    plan: LoginPlan, choice: ClientChoice, error: AuthError, clients: ClientSelection
) -> LoginPlan | None:
    """Give the plan for a second login if the server said what it did not accept, else None."""
    has_another_client = clients.drop_refused(choice, error, plan.target.profile)
    corrected = plan if has_another_client else _without_what_is_refused(plan, error)
    if corrected is not None:
        _logger.info("%s wants the login in another way, it begins once more: %s", choice.client.issuer, error)
    return corrected


def _without_what_is_refused(plan: LoginPlan, error: AuthError) -> LoginPlan | None:
    if not isinstance(error, LoginFailed | Refused):
        return None
    if plan.resource is not None and declines_resource(error.error, error.description):
        return replace(plan, resource=None)
    if plan.audience is not None and declines_audience(plan.audience, error.description):
        return replace(plan, audience=None)
    smaller = smaller_scope(plan.scope, plan.target.scopes, error.error)
    return replace(plan, scope=smaller) if smaller is not None else None


@contextmanager
def open_prompt(
    prompt: LoginPrompt, context: GrantContext, *, method: str, monotonic: Callable[[], float]
) -> Iterator[None]:
    """Announce the prompt to waiting callers for as long as the person is asked, then log how the exchange ended."""
    if context.cancelled.is_set():  # while the client was registered: no browser opens for a login that is over
        raise login_cancelled()
    started, outcome = monotonic(), "no answer"
    tell("PersonAsked", issuer=prompt.issuer, method=method, ends_at=prompt.ends_at)
    context.announce(prompt)
    try:
        yield
        outcome = "answered"
    finally:
        context.announce(None)
        seconds, url = monotonic() - started, prompt.authorization_url
        purpose = "let the person log in"
        log_exchange(logging.INFO, method=method, url=url, purpose=purpose, outcome=outcome, seconds=seconds)
        if is_heard():
            from valetkey.events.exchanges import tell_link

            tell_link(url, method, outcome, seconds)
