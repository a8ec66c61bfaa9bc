# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The line in which processes wait to write to one SQLite file, so that each has its turn.

It is a lock of the operating system on a file of its own, which wakes the process that has waited longest. The lock
only says who tries next; SQLite's own locks protect the file. So where there is no such lock, or who stands in the line
is frozen, a process goes on without a place in it.
"""

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

from valetkey.store.backends.private_files import prepare_file, prepare_folder

_PATIENCE_SECONDS = 3.0
"""How long a place in the line is waited for."""


class Line:
    """The place of this process in the line; not for several threads at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place: _Place | None = None

    def join(self, woken: threading.Event) -> None:
        """Join the line, unless this process stands in it; the event is set when it is first."""
        if self._place is not None and self._place.take_up():
            return
        with suppress(ImportError, OSError, RuntimeError):  # no such lock, no descriptor, no thread
            prepare_folder(self._path.parent, is_ours=True)
            prepare_file(self._path)
            self._place = _Place(self._path, woken)

    def patience(self) -> float:
        """Give the seconds to wait for the first place; 0 when it is reached, or not waited for any more."""
        place = self._place
        return 0 if place is None or place.is_first else max(0.0, place.since + _PATIENCE_SECONDS - time.monotonic())

    def leave(self) -> None:
        """Let the next process go first."""
        if self._place is not None and self._place.leave():
            self._place = None

    def after_fork(self) -> None:
        """Forget the place of the parent, which a forked child does not have."""
        if self._place is not None:
            self._place.close()
            self._place = None


class _Place:
    """A place in the line, and the thread that waits where it is not the first one: nothing ends such a wait."""

    def __init__(self, path: Path, woken: threading.Event) -> None:
        import fcntl  # not on Windows

        self.since = time.monotonic()
        self.is_first = False
        self._is_left = False
        self._woken = woken
        self._lock = threading.Lock()  # guards is_first and _is_left
        self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.is_first = True
            except (BlockingIOError, PermissionError):
                threading.Thread(target=self._wait, name="valetkey-store-line", daemon=True).start()
        except BaseException:
            self.close()
            raise

    def take_up(self) -> bool:
        """Stand in this place again if it is still there."""
        with self._lock:
            if self._is_left and self.is_first:
                return False
            if self._is_left:
                self._is_left, self.since = False, time.monotonic()
            return True

    def leave(self) -> bool:
        """Give the place up, now or when it is reached; False if that is later."""
        with self._lock:
            self._is_left = True
            if self.is_first:
                self.close()
            return self.is_first

    def close(self) -> None:
        """Close the file, which unlocks it."""
        os.close(self._file)

    def _wait(self) -> None:
        import fcntl

        with suppress(OSError):
            fcntl.lockf(self._file, fcntl.LOCK_EX)
        with self._lock:
            self.is_first = True
            if self._is_left:
                self.close()
        self._woken.set()
