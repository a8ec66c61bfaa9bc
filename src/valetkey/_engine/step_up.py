# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
More scope than a session has: who has to agree, and when nobody is asked again (MCP, Step-Up Authorization Flow).

What was declined is remembered for a while in memory: the same tool, called again, opens no second browser.
"""

from dataclasses import dataclass, field

from valetkey._policy.lifetime import FRESH_SECONDS
from valetkey._policy.scope import unite
from valetkey.errors import LoginFailed, ScopeMissing, quote
from valetkey.seams import Seams
from valetkey.settings.credentials import ScopeRequest
from valetkey.settings.settings import Settings
from valetkey.values import Scope, Session

REST_SECONDS = 600.0
"""How long a declined scope is not asked for again."""


@dataclass(slots=True)
class StepUps:
    """
    The step-ups of one engine.

    :param settings: The settings.
    :param seams: Where the engine touches the world.
    """

    settings: Settings
    seams: Seams
    _declined: dict[frozenset[str], float] = field(default_factory=dict)

    def require_freedom(self, wanted: Scope) -> None:
        """
        Stop a step-up that the user has ruled out, or that was declined a short while ago.

        :param wanted: The scope that is missing.
        :raises ScopeMissing: If nobody may be asked for it.
        """
        server, pinned = self.settings.server_url, self.settings.scope
        if pinned is not None:
            message = f"{server} wants {_in_words(wanted)}."
            raise ScopeMissing(message, hint="Add it to scope=.", required=wanted, granted=pinned)
        if self.seams.now() < self._declined.get(frozenset(wanted), 0.0):
            message = f"{server} wants {_in_words(wanted)}, which was declined a short while ago."
            raise ScopeMissing(message, hint="Try again in ten minutes to be asked again.", required=wanted)

    def approved(self, previous: Session, wanted: Scope, chosen: Scope | None, issuer: str) -> Scope:
        """
        Give the scope of the new login: all that was asked for and granted before, and what is missing now.

        :param previous: The session that has too little.
        :param wanted: The scope that is missing; empty if the server did not say.
        :param chosen: The scope by the usual rules, which the challenge's is part of.
        :param issuer: The authorization server.
        :returns: The scope to ask for.
        :raises ScopeMissing: If a person has just been asked for all of it, or `approve_scope` declines.
        """
        scope = unite(previous.requested_scope, previous.token.scope, chosen, wanted)
        granted = previous.token.scope or ()
        server = self.settings.server_url
        if self.is_from_just_now(previous) and set(scope) <= set(previous.requested_scope or ()):
            # MCP Security, Scope Minimization: who has just been asked for all of this is not asked again.
            message = f"{server} wants {_in_words(wanted)}. The last login did not bring it."
            hint = "Ask the server's operator whether this account may have it, and log in again in a minute."
            raise ScopeMissing(message, hint=hint, required=wanted, granted=granted)
        request = ScopeRequest(server, issuer, required=wanted, granted=granted, requested=scope)
        if self.settings.approve_scope is not None and not self.settings.approve_scope(request):
            self._remember(wanted)
            message = f"{server} wants {_in_words(wanted)}, and approve_scope declined."
            raise ScopeMissing(message, hint="Allow it in approve_scope.", required=wanted, granted=granted)
        return scope

    def remember(self, wanted: Scope, failure: LoginFailed) -> None:
        """
        Remember that a person said no.

        :param wanted: The scope that was missing.
        :param failure: How the login failed; one that was only too slow is no answer.
        """
        if failure.error == "access_denied":
            self._remember(wanted)

    def is_from_just_now(self, session: Session) -> bool:
        """
        Tell whether a person has logged in for a session a moment ago.

        :param session: The session.
        :returns: True within a minute.
        """
        age = self.seams.now() - session.token.obtained_at
        return session.interactive and 0 <= age < FRESH_SECONDS

    def _remember(self, wanted: Scope) -> None:
        self._declined[frozenset(wanted)] = self.seams.now() + REST_SECONDS


def _in_words(scope: Scope) -> str:
    return f"the scope {quote(' '.join(scope))}" if scope else "more scope, but does not say which"
