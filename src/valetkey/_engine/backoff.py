# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Leaving a server alone that cannot answer now.

Renewals ahead of time wait long, for the token still serves. Somebody who waits for a token may try at once after a
first failure, then after a second, two seconds, and so on. What the server asks for itself (`Retry-After`, RFC 9110
§10.2.3) holds for both.
"""

import math
import threading
from collections.abc import Callable

from valetkey.errors import AuthError, TemporaryError

EARLY_SECONDS, LONGEST_EARLY_SECONDS = 30.0, 480.0
"""The pause after the first failure of a renewal ahead of time, doubled with each, and the longest one."""

URGENT_SECONDS, LONGEST_URGENT_SECONDS = 1.0, 30.0
"""The pause after the second failure in a row for somebody who waits, doubled with each, and the longest one."""

LONGEST_WISH = 3600.0
"""The longest time a server may ask for: one that says "next year" has made a mistake."""


class Resting(TemporaryError):
    """A server could not answer a moment ago, and is not asked again yet."""


class Backoff:
    """
    Counts the failures in a row of one session, and says when the next try may be.

    :param monotonic: Gives the seconds of a clock that nobody sets.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()  # guards everything below
        self._failures = 0
        self._early_until = self._urgent_until = -math.inf
        self._last: TemporaryError | None = None

    def failed(self, error: AuthError) -> None:
        """
        Count a failure.

        :param error: What went wrong. Only what is temporary keeps somebody who waits from trying.
        """
        with self._lock:
            now, earlier = self._monotonic(), self._failures
            self._failures += 1
            wish = error.retry_after if isinstance(error, TemporaryError) else None
            least = min(max(wish or 0.0, 0.0), LONGEST_WISH)
            self._early_until = now + max(least, _doubled(EARLY_SECONDS, earlier, LONGEST_EARLY_SECONDS))
            if isinstance(error, TemporaryError):
                urgent = _doubled(URGENT_SECONDS, earlier - 1, LONGEST_URGENT_SECONDS) if earlier else 0.0
                self._urgent_until, self._last = now + max(least, urgent), error

    def succeeded(self) -> None:
        """Forget the failures."""
        with self._lock:
            self._failures, self._last = 0, None
            self._early_until = self._urgent_until = -math.inf

    def is_resting(self) -> bool:
        """
        Tell whether a renewal ahead of time has to wait.

        :returns: True during the pause.
        """
        return self._monotonic() < self._early_until

    def require_end(self) -> None:
        """
        Keep somebody who waits from asking a server that could not answer a moment ago.

        :raises Resting: During the pause; with the failure before it, and how long the pause still is.
        """
        with self._lock:
            seconds, last = self._urgent_until - self._monotonic(), self._last
        if last is not None and seconds > 0:
            hint = f"Try again in {seconds:.0f} s." if seconds >= 1.5 else "Try again in a moment."
            raise Resting(last.message, hint=hint, retry_after=seconds, error=last.error)


def _doubled(first: float, times: int, longest: float) -> float:
    return min(first * 2.0 ** min(times, 20), longest)
