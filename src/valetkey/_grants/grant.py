# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What every grant has in common: it obtains a token without a refresh token, and saves the session."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from valetkey._discovery.target import AuthorizationTarget
from valetkey.login.pending import PendingLogin
from valetkey.seams import LoginPrompt
from valetkey.values import Scope, Session


@dataclass(frozen=True, slots=True)
class GrantContext:
    """
    What an attempt gives to its grant. The reason and the missing scope are for a login that is completed later.

    :param save: Writes the session to the store, and gives the session that is in the store then.
    :param announce: Called with the prompt while a person is asked, and with None after that.
    :param cancelled: Set when no caller waits for a person any more.
    """

    save: Callable[[Session], Session]
    announce: Callable[[LoginPrompt | None], None]
    cancelled: threading.Event
    reason: str = ""
    more_scope: Scope | None = None  # None if the session misses none


class Grant(Protocol):
    """One way to obtain a token."""

    def obtain(self, target: AuthorizationTarget, scope: Scope | None, context: GrantContext) -> Session | PendingLogin:
        """
        Obtain a token for a scope (None asks for none), save its session, and give the session in the store.

        A login whose answer may come to another process is only begun, and given as it waits.
        """
