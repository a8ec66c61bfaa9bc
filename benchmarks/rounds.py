# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Contenders in turn: what disturbs one disturbs the others, and each is compared with the plain token of its round."""

from collections.abc import Awaitable, Callable

from benchmarks.contenders import PLAIN, VALETKEY
from benchmarks.measuring import Effort, Findings, ratio, spread

BOUND = 1.3
"""How many times the plain token's time Valetkey may take in a run among others; the page shows the real ratio."""

_AGAIN = 2
"""How many times as long a bound that seems to be missed is measured before it is believed."""

Run = Callable[[], Awaitable[float]]


async def compare(findings: Findings, effort: Effort, case: str, runs: dict[str, Run]) -> None:
    """
    Measure seconds in interleaved rounds.

    :param findings: Where the row goes.
    :param effort: How often.
    :param case: What is measured.
    :param runs: What each contender does, the plain token and Valetkey among them.
    """
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    names = [PLAIN, VALETKEY]
    for number in range(effort.rounds * (1 + _AGAIN)):
        if number >= effort.rounds and ratio(seconds[VALETKEY], seconds[PLAIN]) <= BOUND:
            break
        for name in names if number % 2 else reversed(names):
            seconds[name].append(await runs[name]())
        for name in runs if number < effort.peer_rounds else ():
            if name not in names:
                seconds[name].append(await runs[name]())
    cells = {
        name: spread(taken, "s") + ("" if name == PLAIN else f", {ratio(taken, seconds[PLAIN]):.2f} ×")
        for name, taken in seconds.items()
    }
    findings.add(case, cells, len(seconds[VALETKEY]))
    measured = ratio(seconds[VALETKEY], seconds[PLAIN])
    findings.demand(measured <= BOUND, f"{case}: {measured:.2f} times the plain bearer token, more than {BOUND}")
