# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What a start costs in a network with a latency: seconds and connections, through a relay (`benchmarks.relay`).

The contenders take turns. A person is not counted: the browser reaches the server without the relay.
"""

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio

from benchmarks.contenders import FASTMCP, PLAIN, SDK, VALETKEY, Contender, contenders
from benchmarks.measuring import Effort, Findings, ratio
from benchmarks.parallel_calls import session_of
from benchmarks.running import Server, running_behind_relay
from tests.network.certificates import make_certificates

_ANSWERING = 0.05
_CONNECTING = {"http": 0.05, "https": 0.1}
_SHORT_LIFE = 2
_NAMES = (PLAIN, VALETKEY, SDK, FASTMCP)
_COLD, _WARM, _EXPIRED = "a person logs in", "a token is in the store", "an expired token is in the store"

Start = tuple[float, int]
"""Seconds, and connections through the relay."""


async def measure(findings: Findings, effort: Effort, folder: Path) -> None:
    certificates = make_certificates(folder)
    for scheme, connecting in _CONNECTING.items():
        certificate = folder / "good.pem" if scheme == "https" else None
        with (
            trusting(certificates.authority),
            running_behind_relay(connecting=connecting, answering=_ANSWERING, certificate=certificate) as server,
        ):
            starts: dict[str, dict[str, list[Start]]] = {}
            for number in range(effort.latency_rounds + 1):
                if number <= 1:  # the first round loads modules, here and in the server, and is not counted
                    starts = {_COLD: {}, _WARM: {}, _EXPIRED: {}}
                part = folder / f"{scheme}-{number}"
                part.mkdir(mode=0o700)
                await _round(server, part, starts, reverse=number % 2 == 1)
        _report(findings, effort, scheme, starts)


@contextmanager
def trusting(authority: Path) -> Iterator[None]:
    """Let every client in this process trust an authority."""
    before = os.environ.get("SSL_CERT_FILE")
    os.environ["SSL_CERT_FILE"] = str(authority)
    try:
        yield
    finally:
        del os.environ["SSL_CERT_FILE"]
        if before is not None:
            os.environ["SSL_CERT_FILE"] = before


async def _round(server: Server, folder: Path, starts: dict[str, dict[str, list[Start]]], *, reverse: bool) -> None:
    all_contenders = [contender for contender in contenders(server, folder) if contender.name in _NAMES]
    all_contenders = all_contenders[::-1] if reverse else all_contenders
    server.set_life(_SHORT_LIFE)
    for contender in all_contenders:
        if contender.name != PLAIN:
            starts[_COLD].setdefault(contender.name, []).append(await _start(server, contender))
    server.set_life(3600)
    await anyio.sleep(_SHORT_LIFE + 0.1)
    for contender in all_contenders:
        if contender.name != PLAIN:
            starts[_EXPIRED].setdefault(contender.name, []).append(await _start(server, contender))
        starts[_WARM].setdefault(contender.name, []).append(await _start(server, contender))


async def _start(server: Server, contender: Contender) -> Start:
    """Open an MCP session with what the contender has kept, and call one tool."""
    server.connections()
    started = time.perf_counter()
    async with session_of(server, contender) as session:
        await session.call_tool("slow", {"seconds": 0.0})
        return time.perf_counter() - started, server.connections()


def _report(findings: Findings, effort: Effort, scheme: str, starts: dict[str, dict[str, list[Start]]]) -> None:
    seconds = {
        case: {name: [one[0] for one in measured] for name, measured in names.items()} for case, names in starts.items()
    }
    connections = {
        case: {name: max(one[1] for one in measured) for name, measured in names.items()}
        for case, names in starts.items()
    }
    for case, names in seconds.items():
        cells = {
            name: f"{statistics.median(taken):.2f} s, {connections[case][name]} connections".replace(
                " 1 connections", " 1 connection"
            )
            for name, taken in names.items()
        }
        findings.add(f"start over {scheme} with a latency: {case}", cells, effort.latency_rounds)
    # The MCP session has connections of its own; the authorization server has the origin of the MCP server.
    session = connections[_WARM][PLAIN]
    for case, most in ((_COLD, 1), (_EXPIRED, 1), (_WARM, 0)):
        more = connections[case][VALETKEY] - session
        findings.demand(more <= most, f"{scheme}, {case}: {more} connections beside those of the session, not {most}")
    slack = effort.latency_slack
    for case, others, bound in (
        (_COLD, [SDK], 1.05),
        (_WARM, [PLAIN, SDK, FASTMCP], 1.05),
        (_EXPIRED, [SDK, FASTMCP], 1.0),
    ):
        for other in others:
            measured = ratio(seconds[case][VALETKEY], seconds[case][other])
            findings.demand(
                measured <= bound * slack, f"{scheme}, {case}: {measured:.2f} × {other}, more than {bound} × {slack}"
            )
