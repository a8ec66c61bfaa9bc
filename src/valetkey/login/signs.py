# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Signs of life in the terminal or notebook while a login waits for the person. A log file gets none."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from valetkey.login.prompt import print_text
from valetkey.login.whereabouts import is_watched

SIGN_SECONDS = 30.0
"""Seconds between two signs."""


@contextmanager
def sign_of_life(seconds: float, tell: Callable[[str], None] = print_text) -> Iterator[None]:
    """Tell the person now and then, while the block runs, how much time is left."""
    if not is_watched():
        yield
        return
    ended, ends_at = threading.Event(), time.monotonic() + seconds

    def tell_now_and_then() -> None:
        while not ended.wait(SIGN_SECONDS) and (left := ends_at - time.monotonic()) > 0:
            tell(f"Still waiting for the login, for {duration(left)} more.")

    thread = threading.Thread(target=tell_now_and_then, name="valetkey-signs", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def duration(seconds: float) -> str:
    """`4 min 30 s`, `45 s`."""
    minutes, rest = divmod(max(1, round(seconds)), 60)
    return " ".join(part for part in (f"{minutes} min" if minutes else "", f"{rest} s" if rest else "") if part)
