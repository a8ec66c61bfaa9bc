# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a run of `durability` has found, and the page that tells it."""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

BEFORE_INTENT = "before the intent was written"
BEFORE_SEND = "after the intent, before the request was sent"
BEFORE_ROTATION = "after the request was sent, before the server rotated, which it did then"
BEFORE_ANSWER = "after the server had rotated, before it answered"
BEFORE_WRITE = "after the server had answered, before the answer was written"
AFTER_WRITE = "after the answer was written"
MOMENTS = (BEFORE_INTENT, BEFORE_SEND, BEFORE_ROTATION, BEFORE_ANSWER, BEFORE_WRITE, AFTER_WRITE)
UNKNOWABLE = (BEFORE_ROTATION, BEFORE_ANSWER, BEFORE_WRITE)
"""Killed here, only the server knows that the refresh token is spent."""


@dataclass(slots=True)
class Deaths:
    """
    What became of the sessions whose renewal was killed.

    :param backend: The backend of the store.
    :param grace: The server's grace period in seconds.
    :param killed: How many were killed at which moment.
    :param lost: How many of them were lost.
    :param recovery: How long the next process took, in seconds.
    :param seconds: How long the run took.
    """

    backend: str
    grace: float
    killed: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    recovery: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def missed(self) -> list[str]:
        where = f"{self.backend}, grace {self.grace:g} s"
        expected = () if self.grace else UNKNOWABLE
        return [f"{where}: {self.lost[name]} sessions lost {name}" for name in self.lost if name not in expected]


@dataclass(slots=True)
class Stampede:
    """
    What many processes on one store did.

    :param backend: The backend of the store.
    :param processes: How many processes.
    :param refreshes: How many refreshes each round needed.
    :param reuses: How often a spent refresh token was sent.
    :param logins: How often a process had to ask for a login, or failed otherwise.
    :param seconds: How long each round took.
    """

    backend: str
    processes: int
    refreshes: list[int]
    reuses: int
    logins: int
    seconds: list[float]

    def missed(self) -> list[str]:
        is_good = set(self.refreshes) == {1} and self.reuses == 0 and self.logins == 0
        return [] if is_good else [f"{self.backend}: {Counter(self.refreshes)}, {self.reuses} reuses, {self.logins}"]


_HEAD = """# What survives a kill

Written by `make durability`; do not edit.

A renewal spends a refresh token that exists nowhere else. Here each renewal is a process of its own: it finds an access
token that has expired, sends its refresh token to a token endpoint over HTTP, which rotates it, and is ended with
`SIGKILL` at a random moment, from its first instruction to a tenth more than the time a renewal takes. Then another
process goes on with what is in the store. A session counts as lost if that process gets no token, or is left with a
refresh token that the server does not take any more.

The server ends a session when a spent refresh token comes back. With a grace period it forgives the one before the
current one for that long; without one it forgives nothing. It takes 2 to 12 ms before it rotates, and as long again
before it answers.

"""

_MEANING = """
## What that means

Before a refresh token is sent, the store holds the intent; before a caller gets the new access token, the store holds
the answer, durably. A process that finds an intent sends the same refresh token once more. So with a grace period
nothing is lost. Without one, what is lost are the sessions whose server rotated while the process was dying: the new
refresh token was on its way, or in the memory of a process that is gone, and no client can know it. Of that time, only
the row "after the server had answered" is ours; it lasts from the first byte of the answer to the durable write. The
rest is the server's and the network's.

A lease of the kernel (SQLite) is free when its process dies. A lease on a server lasts 3 s, and its holder extends
it every 0.6 s while it works, so the next process waits for 3 s at most, and then goes on. The figures above are
longer where many processes go on at the same moment: on the servers, 25 are killed together.
"""


def write_page(deaths: Sequence[Deaths], stampedes: Sequence[Stampede], machine: str) -> str:
    """
    Write docs/durability.md.

    :param deaths: The renewals that were killed.
    :param stampedes: The renewals that many processes wanted.
    :param machine: Where it was measured.
    :returns: The page.
    """
    killed = "\n".join(_killed(backend, deaths) for backend in dict.fromkeys(each.backend for each in deaths))
    at_once = "\n".join(map(_at_once, stampedes))
    many = (
        "\n## Many processes at once\n\nEach round, all processes on one store find the same token rejected at the same"
        " moment.\nWithout a grace period, one refresh too many ends the session.\n\n"
        "| backend | processes × rounds | refreshes per round | spent tokens sent | logins and other failures"
        " | a round, median (longest) |\n|---|---|---|---|---|---|\n"
    )
    return f"{_HEAD}Measured on: {machine}.\n\n## One kill for each renewal\n\n{killed}{_MEANING}{many}{at_once}\n"


def _killed(backend: str, deaths: Sequence[Deaths]) -> str:
    runs = [each for each in deaths if each.backend == backend]
    names = [f"grace {each.grace:g} s: killed | lost" if each.grace else "no grace: killed | lost" for each in runs]
    lines = [f"### {backend}", "", f"| killed | {' | '.join(names)} |", "|---" * (2 * len(runs) + 1) + "|"]
    for moment in MOMENTS:
        lines.append(f"| {moment} | {' | '.join(f'{each.killed[moment]} | {each.lost[moment]}' for each in runs)} |")
    totals = " | ".join(f"**{each.killed.total()}** | **{each.lost.total()}**" for each in runs)
    lines.append(f"| all | {totals} |")
    waits = "; ".join(f"{statistics.median(each.recovery):.2f} s (longest {max(each.recovery):.2f} s)" for each in runs)
    return "\n".join([*lines, "", f"The next process had a token after, median: {waits}.", ""])


def _at_once(stampede: Stampede) -> str:
    refreshes = ", ".join(f"{count} ({rounds} rounds)" for count, rounds in sorted(Counter(stampede.refreshes).items()))
    seconds = f"{statistics.median(stampede.seconds):.2f} s ({max(stampede.seconds):.2f} s)"
    size = f"{stampede.processes} × {len(stampede.refreshes)}"
    return f"| {stampede.backend} | {size} | {refreshes} | {stampede.reuses} | {stampede.logins} | {seconds} |"
