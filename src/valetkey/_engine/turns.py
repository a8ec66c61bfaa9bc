# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Who of the threads that obtain tokens works now, and who waits for that.

Python runs one thread at a time. A thread that waits for it again after each message to a store or a server slows down
the others, and most of all the program's event loop, which sends and receives more often than any. So only a few of our
threads work at the same time, and a thread that waits for a server's answer lets another one work.
"""

import threading
import time
from collections import deque
from collections.abc import Callable

MOST_AT_WORK = 2
"""How many threads work at the same time: one while another waits for its store."""

LONGEST_SECONDS = 0.02
"""After how many seconds a turn counts no more, because its thread waits for something: a store that hangs, a pause."""


class Turn:
    """The right of one thread to work."""

    __slots__ = ("_bell", "since")

    def __init__(self) -> None:
        self.since: float = 0.0
        self._bell = threading.Lock()
        self._bell.acquire()

    def come(self, now: float) -> None:
        """Let the thread work that waits for it."""
        self.since = now
        self._bell.release()

    def wait(self, seconds: float) -> bool:
        """Wait for the turn; False if it has not come in time."""
        return self._bell.acquire(timeout=seconds)


class Turns:
    """Gives turns to threads, first come first served; a thread that goes on with work comes before one that begins."""

    def __init__(
        self,
        most: int = MOST_AT_WORK,
        longest: float = LONGEST_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._longest = longest
        self._monotonic = monotonic
        self._lock = threading.Lock()  # guards the rest
        self._at_work: set[Turn] = set()
        self._going_on: deque[Turn] = deque()
        self._beginning: deque[Turn] = deque()

    def take(self, *, goes_on: bool = False) -> Turn:
        """Wait for a turn; `goes_on` says that the thread has had one for this work."""
        turn = Turn()
        with self._lock:
            (self._going_on if goes_on else self._beginning).append(turn)
            before = self._hand_out()
        # Where all hang that work now, as many as may work follow them each time; one that wakes up looks for all.
        while not turn.wait(self._longest * (1 + before // self._most)):
            with self._lock:
                before = self._hand_out()
        return turn

    @property
    def at_work(self) -> int:
        """Count the threads that have a turn, also one that counts no more."""
        return len(self._at_work)

    def give_back(self, turn: Turn) -> None:
        """Let another thread work."""
        with self._lock:
            self._at_work.discard(turn)
            self._hand_out()

    def _hand_out(self) -> int:
        """Give the turns that are free; tell how many threads wait for theirs."""
        now = self._monotonic()
        free = self._most - sum(now - turn.since < self._longest for turn in self._at_work)
        while free > 0 and (self._going_on or self._beginning):
            turn = (self._going_on or self._beginning).popleft()
            self._at_work.add(turn)
            turn.come(now)
            free -= 1
        return len(self._going_on) + len(self._beginning)
