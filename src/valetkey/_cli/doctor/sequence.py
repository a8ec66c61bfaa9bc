# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The requests of an examination as a picture: who was asked what, in order, and what came back (SVG)."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from valetkey._cli.doctor.findings import Sent
from valetkey.login.page_design import shown

_LEFT, _TOP, _ROW = 56, 64, 52
_WIDE, _NARROW = 345, 235
"""Between two lifelines: three hosts still fit on a page."""
_CHARACTER = 7.6  # how wide one is, in the font of the page


@dataclass(frozen=True, slots=True)
class _Grid:
    lane: int
    hosts: tuple[str, ...]

    @property
    def half(self) -> int:
        """Half the width of a host's box."""
        return min(132, self.lane // 2 - 6)

    @property
    def longest(self) -> int:
        """Characters beside an arrow."""
        return int((self.lane - 20) / _CHARACTER)

    @property
    def width(self) -> int:
        """All of the picture."""
        return _LEFT + self.lane * len(self.hosts) + self.half + 12

    def x(self, host: str) -> int:
        """Where the lifeline of a host is."""
        return _LEFT + self.lane * (self.hosts.index(host) + 1)


def sequence(sent: Sequence[Sent]) -> str:
    """Draw the requests: a lifeline for this computer and each host, an arrow to and fro for each request."""
    if not sent:
        return ""
    hosts = tuple(dict.fromkeys(each.host for each in sent))
    grid = _Grid(_WIDE if len(hosts) < 3 else _NARROW, hosts)
    height = _TOP + _ROW * len(sent) + 28
    lines = [_lifeline(_LEFT, "you", height, half=34)]
    lines += [_lifeline(grid.x(host), host, height, half=grid.half) for host in hosts]
    lines += [_exchange(each, row, grid) for row, each in enumerate(sent)]
    title = f"{len(sent)} requests to {len(hosts)} host{'s' if len(hosts) > 1 else ''}"
    return (
        f'<svg class="sequence" viewBox="0 0 {grid.width} {height}" width="{grid.width}" height="{height}" role="img" '
        f'aria-label="{shown(title)}"><defs>{_ARROW}</defs>{"".join(lines)}</svg>'
    )


_ARROW = (
    '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">'
    '<path class="tip" d="M0 0L8 4L0 8z"/></marker>'
)


def _lifeline(x: int, name: str, height: int, *, half: int) -> str:
    label = shown(_cut(name, int(2 * half / _CHARACTER) - 1))
    return (
        f'<line class="life" x1="{x}" y1="46" x2="{x}" y2="{height - 12}"/>'
        f'<rect class="box" x="{x - half}" y="12" width="{2 * half}" height="34" rx="9"/>'
        f'<text class="host" x="{x}" y="34" text-anchor="middle">{label}</text>'
    )


def _exchange(sent: Sent, row: int, grid: _Grid) -> str:
    y, x = _TOP + _ROW * row + 16, grid.x(sent.host)
    kind = "good" if sent.is_good else "calm" if sent.outcome[:1] == "4" else "bad"
    lead = f"{sent.number}. {sent.method} "
    question = shown(lead + _cut(urlsplit(sent.url).path or "/", grid.longest - len(lead)))
    result = shown(_cut(sent.outcome, grid.longest))
    return (
        f'<a href="#request-{sent.number}"><text class="ask" x="{_LEFT + 10}" y="{y - 6}">{question}</text>'
        f'<line class="arrow" x1="{_LEFT}" y1="{y}" x2="{x - 3}" y2="{y}" marker-end="url(#tip)"/>'
        f'<line class="back {kind}" x1="{x}" y1="{y + 20}" x2="{_LEFT + 3}" y2="{y + 20}" marker-end="url(#tip)"/>'
        f'<text class="outcome {kind}" x="{x - 12}" y="{y + 15}" text-anchor="end">{result}</text></a>'
    )


def _cut(text: str, most: int) -> str:
    """Leave out the middle of a text that is too long: both ends of a path say something."""
    if len(text) <= most:
        return text
    end = most // 2 - 1
    return f"{text[: most - end - 1]}…{text[-end:]}"
