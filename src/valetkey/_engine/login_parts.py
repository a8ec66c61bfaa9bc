# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What the attempts of one engine need for a login, made with the first one: most sessions are only renewed."""

from collections.abc import Callable
from contextlib import suppress

from valetkey._clients.selection import ClientSelection
from valetkey._engine.braking import Braking
from valetkey._engine.step_up import StepUps
from valetkey._engine.workers import leaving_workers
from valetkey._grants.opening import open_grant
from valetkey._grants.token_endpoint import TokenEndpoint
from valetkey._sessions.codec import waiting_key
from valetkey._sessions.fingerprint import settings_mark
from valetkey._sessions.pending_codec import PendingRecord
from valetkey._sessions.pending_logins import PendingLogins
from valetkey.errors import StoreError
from valetkey.seams import LoginPrompt
from valetkey.settings.settings import Settings
from valetkey.store.protocol import Store


class LoginParts:
    """The grant, the step-ups, and the login with a link that waits for its answer."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        braking: Braking,
        clients: ClientSelection,
        tokens: TokenEndpoint,
        announce: Callable[[LoginPrompt | None], None],
    ) -> None:
        self._settings = settings
        self._pending = PendingLogins(store, braking.seams.now, braking.seams.later)
        self.announce: Callable[[LoginPrompt | None], None] = braking.announcing(leaving_workers(announce))
        self.grant = open_grant(settings, braking.seams, clients, tokens, self._pending)
        self.step_ups: StepUps = StepUps(settings, braking.decline)

    def begun(self, *, by_name: bool) -> PendingRecord | None:
        """Give the login that waits for its answer, of this or another program."""
        mark = settings_mark(self._settings)
        return self._pending.to_join(waiting_key(self._settings), mark, by_name=by_name)

    def forget_begun(self) -> None:
        """Let the answer to a login that waits complete nothing any more."""
        with suppress(StoreError):  # a logout says more about it
            self._pending.end_of_session(waiting_key(self._settings))
