# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How often a run that waits for a login looks whether it has ended."""

import time
from collections.abc import Iterator

_SHORTEST, _LONGEST = 0.1, 2.0


def growing_pauses(seconds: float) -> Iterator[float]:
    """Give pauses that grow, until the time is over."""
    end, pause = time.monotonic() + seconds, _SHORTEST
    while (left := end - time.monotonic()) > 0:
        yield min(pause, left)
        pause = min(pause * 1.5, _LONGEST)
