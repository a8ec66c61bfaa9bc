# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The requests of an examination as a picture: who was asked what, in order, and what came back (SVG)."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from valetkey._cli.doctor.findings import Sent
from valetkey.login.page_design import shown

_LEFT, _LANE, _TOP, _ROW, _HALF = 56, 345, 64, 52, 132
_LONGEST_PATH, _LONGEST_HOST = 36, 34


def sequence(sent: Sequence[Sent]) -> str:
    """Draw the requests: a lifeline for this computer and each host, an arrow to and fro for each request."""
    if not sent:
        return ""
    hosts = list(dict.fromkeys(each.host for each in sent))
    width, height = _LEFT + _LANE * len(hosts) + _HALF + 12, _TOP + _ROW * len(sent) + 28
    lines = [_lifeline(_LEFT, "you", height, is_own=True)]
    lines += [_lifeline(_x(number), host, height) for number, host in enumerate(hosts)]
    lines += [_exchange(each, row, _x(hosts.index(each.host))) for row, each in enumerate(sent)]
    title = f"{len(sent)} requests to {len(hosts)} host{'s' if len(hosts) > 1 else ''}"
    return (
        f'<svg class="sequence" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{shown(title)}"><defs>{_ARROW}</defs>{"".join(lines)}</svg>'
    )


_ARROW = (
    '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">'
    '<path class="tip" d="M0 0L8 4L0 8z"/></marker>'
)


def _x(number: int) -> int:
    return _LEFT + _LANE * (number + 1)


def _lifeline(x: int, name: str, height: int, *, is_own: bool = False) -> str:
    label = shown(_cut(name, _LONGEST_HOST))
    half = 34 if is_own else _HALF
    return (
        f'<line class="life" x1="{x}" y1="46" x2="{x}" y2="{height - 12}"/>'
        f'<rect class="box" x="{x - half}" y="12" width="{2 * half}" height="34" rx="9"/>'
        f'<text class="host" x="{x}" y="34" text-anchor="middle">{label}</text>'
    )


def _exchange(sent: Sent, row: int, x: int) -> str:
    y = _TOP + _ROW * row + 16
    kind = "good" if sent.is_good else "calm" if sent.outcome[:1] == "4" else "bad"
    path = urlsplit(sent.url).path or "/"
    question = shown(f"{sent.number}. {sent.method} {_cut(path, _LONGEST_PATH)}")
    result = shown(_cut(sent.outcome, _LONGEST_PATH))
    return (
        f'<a href="#request-{sent.number}"><text class="ask" x="{_LEFT + 12}" y="{y - 6}">{question}</text>'
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
