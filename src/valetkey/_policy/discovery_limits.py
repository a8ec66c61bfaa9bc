# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How much one attempt asks to find a login: an honest server needs little, a hostile one names thousands of places."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DiscoveryLimits:
    """
    The limits of one attempt.

    Honest servers announce one or two URLs, name one or two issuers and redirect once, and each of their answers takes
    well under a second. `requests` is more than the other limits together leave; `seconds` are those of the requests.
    """

    announced: int = 6
    issuers: int = 4
    redirects: int = 8
    requests: int = 40
    seconds: float = 60.0
    lines: int = 12
    longest_line: int = 240

    def tried(self, lines: Sequence[str]) -> tuple[str, ...]:
        """Shorten the record of an attempt, so that it can stand in an error."""
        kept = tuple(self._shortened(line) for line in lines[: self.lines])
        left_out = len(lines) - len(kept)
        return (*kept, f"and {left_out:,} more") if left_out else kept

    def _shortened(self, line: str) -> str:
        return line if len(line) <= self.longest_line else f"{line[: self.longest_line]}..."


def first_of(places: Sequence[str], most: int) -> tuple[tuple[str, ...], int]:
    """Give the first places of a list, and how many others are not asked."""
    kept = tuple(places[:most])
    return kept, len(places) - len(kept)
