# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Pauses for a server that cannot answer now.

Renewals ahead of time pause long, because the token still serves. A caller that waits for a token may try at once after
a first failure, then after one second, two seconds, and so on. `Retry-After` (RFC 9110 §10.2.3) holds for both.
"""

import math
import threading
from collections.abc import Callable

from valetkey.errors import AuthError, StoreBusy, TemporaryError

EARLY_SECONDS, LONGEST_EARLY_SECONDS = 30.0, 480.0
"""The pause after the first failure of a renewal ahead of time, doubled with each, and the longest one."""

URGENT_SECONDS, LONGEST_URGENT_SECONDS = 1.0, 30.0
"""The pause after the second failure in a row for a caller that waits, doubled with each, and the longest one."""

LONGEST_WISH = 3600.0
"""The longest time in seconds that a server may ask for."""


LASTING_FAILURES, LASTING_SECONDS = 3, 120.0
"""After so many failures in a row, over so many seconds, a server's trouble is not a matter of a moment."""


class Resting(TemporaryError):
    """A server could not answer a moment ago, and is not asked again yet."""


class Backoff:
    """Counts the failures in a row of one session, and says when the next try may be."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()  # guards everything below
        self._failures = 0
        self._since = math.inf
        self._early_until = self._urgent_until = -math.inf
        self._last: TemporaryError | None = None

    def failed(self, error: AuthError) -> None:
        """Count a failure. Only a temporary one of the server makes a caller pause that waits for a token."""
        with self._lock:
            now, earlier = self._monotonic(), self._failures
            self._failures += 1
            self._since = min(self._since, now)
            wish = error.retry_after if isinstance(error, TemporaryError) else None
            least = min(max(wish or 0.0, 0.0), LONGEST_WISH)
            self._early_until = now + max(least, _doubled(EARLY_SECONDS, earlier, LONGEST_EARLY_SECONDS))
            if isinstance(error, TemporaryError) and not isinstance(error, StoreBusy):
                urgent = _doubled(URGENT_SECONDS, earlier - 1, LONGEST_URGENT_SECONDS) if earlier else 0.0
                self._urgent_until, self._last = now + max(least, urgent), error

    def succeeded(self) -> None:
        """Forget the failures."""
        with self._lock:
            self._failures, self._since, self._last = 0, math.inf, None
            self._early_until = self._urgent_until = -math.inf

    def is_lasting(self) -> bool:
        """Tell whether the failures in a row have gone on for minutes."""
        with self._lock:
            return self._failures >= LASTING_FAILURES and self._monotonic() - self._since >= LASTING_SECONDS

    def is_resting(self) -> bool:
        """Tell whether a renewal ahead of time has to wait."""
        return self._monotonic() < self._early_until

    def pause(self) -> Resting | None:
        """Give the error for a caller that waits for a token, while it has to pause: the last failure, and how long."""
        with self._lock:
            seconds, last = self._urgent_until - self._monotonic(), self._last
        if last is None or seconds <= 0:
            return None
        hint = f"Try again in {seconds:.0f} s." if seconds >= 1.5 else "Try again in a moment."
        return Resting(last.message, hint=hint, retry_after=seconds, error=last.error)


def _doubled(first: float, times: int, longest: float) -> float:
    return min(first * 2.0 ** min(times, 20), longest)
