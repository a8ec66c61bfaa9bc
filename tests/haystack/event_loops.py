# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""For how long an event loop is held up, measured so that other work of the machine does not count."""

import asyncio
import gc
from pathlib import Path

HELD_UP = 0.05
"""Seconds for which no login may hold an event loop up."""

_TRIES = 3
_BEAT = 0.005
_SCHEDULING = Path("/proc/thread-self/schedstat")


async def longest_pause(work, *, collects=False):
    """
    Await some work, and give the longest time in seconds for which this loop was held up meanwhile.

    What was there before is kept from the garbage collection, unless `collects` says otherwise: to look through all
    objects of a large program takes Python half a second, now and then, whatever that program does. Neither does the
    time count in which this thread was ready to go on and another program had the processor.
    """
    loop, pauses, done = asyncio.get_running_loop(), [0.0], False

    async def beat():
        while not done:
            before, unscheduled = loop.time(), _unscheduled()
            await asyncio.sleep(_BEAT)
            pauses.append(loop.time() - before - _BEAT - (_unscheduled() - unscheduled))

    if not collects:
        gc.collect()
        gc.freeze()
    beating = asyncio.ensure_future(beat())
    try:
        await work
    finally:
        done = True
        await beating
        gc.unfreeze()
    return max(pauses)


def _unscheduled():
    """The seconds for which this thread has waited for a processor until now, where the system counts them (Linux)."""
    return int(_SCHEDULING.read_text().split()[1]) / 1e9 if _SCHEDULING.exists() else 0.0


def pauses_of_best(measure):
    """
    Measure again, a few times at most, while a loop seems to be held up; give all that was measured.

    A loop that something in this program holds up is held up each time, and another program's work is not there each
    time.
    """
    pauses = []
    while len(pauses) < _TRIES and (not pauses or pauses[-1] >= HELD_UP):
        pauses.append(measure(len(pauses)))
    return pauses
