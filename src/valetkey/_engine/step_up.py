# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
More scope than a session has: who has to agree (MCP, Step-Up Authorization Flow).

The brake remembers what was declined: the same tool, called again, opens no second browser.
"""

from collections.abc import Callable
from dataclasses import dataclass

from valetkey._policy.scope import unite
from valetkey.errors import AuthError, ScopeMissing, quote
from valetkey.settings.credentials import ScopeRequest
from valetkey.settings.settings import Settings
from valetkey.values import Scope, Session


@dataclass(frozen=True, slots=True)
class StepUps:
    """The step-ups of one engine; `decline` remembers a scope that was declined."""

    settings: Settings
    decline: Callable[[Scope], None]

    def pinned(self, wanted: Scope) -> ScopeMissing:
        """Give the error for a scope that the user's own `scope` leaves out."""
        hint, granted = "Add it to scope=.", self.settings.scope or ()
        return ScopeMissing(f"{self._wish(wanted)}.", hint=hint, required=wanted, granted=granted)

    def widened(
        self, previous: Session, wanted: Scope, chosen: Scope | None, held_back: Callable[[], AuthError | None]
    ) -> Scope:
        """
        Give the scope of the new login: all that was asked for and granted before, and what is missing now.

        :param wanted: The scope that is missing; empty if the server did not say.
        :param chosen: The scope by the usual rules, which includes the challenge's.
        :raises ScopeMissing: If a person has just been asked for all of it, or `approve_scope` declines.
        """
        scope = unite(previous.requested_scope, previous.token.scope, chosen, wanted)
        granted = previous.token.scope or ()
        if set(scope) <= set(previous.requested_scope or ()):
            # MCP Security, Scope Minimization: a person is not asked twice in a row for the same scope.
            error = held_back()
            if error is not None:
                raise error
        request = ScopeRequest(
            self.settings.server_url, previous.issuer, required=wanted, granted=granted, requested=scope
        )
        if self.settings.approve_scope is not None and not self.settings.approve_scope(request):
            self.decline(wanted)
            message = f"{self._wish(wanted)}, and approve_scope declined."
            hint = "Allow it in approve_scope, and call login() to be asked at once."
            raise ScopeMissing(message, hint=hint, required=wanted, granted=granted)
        return scope

    def _wish(self, wanted: Scope) -> str:
        return wish(self.settings.server_url, wanted)


def wish(server_url: str, wanted: Scope) -> str:
    """Begin the text of an error about missing scope."""
    scope = f"the scope {quote(' '.join(wanted))}" if wanted else "more scope, but does not say which"
    return f"{server_url} wants {scope}"


def not_brought(server_url: str, wanted: Scope, granted: Scope) -> ScopeMissing:
    """Give the error for a scope that a login has not brought a moment ago."""
    hint = "Ask the server's operator whether this account may have it, and log in again in a minute."
    return ScopeMissing(
        f"{wish(server_url, wanted)}. The last login did not bring it.", hint=hint, required=wanted, granted=granted
    )
