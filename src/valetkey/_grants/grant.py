# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What every grant has in common: it obtains a token from nothing, and saves the session."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from valetkey._discovery.target import AuthorizationTarget
from valetkey.seams import LoginPrompt
from valetkey.values import Scope, Session


@dataclass(frozen=True, slots=True)
class GrantContext:
    """
    What belongs to this one time.

    :param save: Writes the session down, and gives the one that is in the store now.
    :param announce: Told the prompt while a person is asked, and None when that is over.
    :param cancelled: Set when nobody waits for a person any more.
    """

    save: Callable[[Session], Session]
    announce: Callable[[LoginPrompt | None], None]
    cancelled: threading.Event


class Grant(Protocol):
    """One way to obtain a token."""

    def obtain(self, target: AuthorizationTarget, scope: Scope | None, context: GrantContext) -> Session:
        """
        Obtain a token, save its session, and give the session that is in the store now.

        :param target: The authorization server and the resource.
        :param scope: The scope to ask for, None to ask for none.
        :param context: What belongs to this time.
        :raises AuthError: If there is none to be had.
        """
