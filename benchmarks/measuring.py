# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Numbers: medians with their spread, ratios of pairs, and the bounds that end a run."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Effort:
    """
    How much is measured.

    :param rounds: Interleaved rounds of what a ratio is claimed for.
    :param peer_rounds: In how many of them the peers take part.
    :param repeats: How often what takes long is measured.
    :param principals: Sessions in one process.
    :param processes: Processes on one store.
    :param process_rounds: How often they all start with an expired token.
    :param imports: Fresh interpreters.
    :param latency_rounds: Interleaved rounds of starts in a network with a latency.
    :param latency_slack: By how much their seconds may be over a bound: a short run on a busy machine proves little.
    :param processor_slack: The same for processor time.
    :param sessions: Sessions of one process whose tokens end together.
    """

    rounds: int = 9
    peer_rounds: int = 1
    repeats: int = 1
    principals: int = 10_000
    processes: int = 20
    process_rounds: int = 3
    imports: int = 9
    latency_rounds: int = 1
    latency_slack: float = 1.5
    processor_slack: float = 1.25
    sessions: int = 200


QUICK = Effort()
FULL = Effort(
    peer_rounds=9,
    repeats=3,
    process_rounds=10,
    imports=31,
    latency_rounds=7,
    latency_slack=1.0,
    processor_slack=1.0,
    sessions=1000,
)


@dataclass(frozen=True, slots=True)
class Row:
    """
    One line of the table.

    :param case: What was measured.
    :param cells: What each contender did, by name; a contender that is left out cannot do it.
    :param runs: How often.
    """

    case: str
    cells: dict[str, str]
    runs: int


@dataclass(slots=True)
class Findings:
    """
    What a run has found.

    :param rows: The lines of the table.
    :param missed: The bounds that were missed.
    """

    rows: list[Row] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def add(self, case: str, cells: dict[str, str], runs: int) -> None:
        row = Row(case, cells, runs)
        self.rows.append(row)
        print(
            f"{row.case} (n = {row.runs}): " + "; ".join(f"{name} {cell}" for name, cell in cells.items()), flush=True
        )

    def demand(self, holds: bool, what: str) -> None:
        """Note a bound that was missed; the run goes on, so that all of them are seen, and fails at its end."""
        if not holds:
            self.missed.append(what)
            print(f"MISSED: {what}", flush=True)


def spread(values: Sequence[float], unit: str, digits: int = 2) -> str:
    """Write a median with its spread."""
    median = f"{statistics.median(values):.{digits}f} {unit}"
    if len(values) == 1:
        return median
    return f"{median} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def ratio(mine: Sequence[float], plain: Sequence[float]) -> float:
    """Give the median of the ratios of each pair."""
    return statistics.median(one / other for one, other in zip(mine, plain, strict=False))
