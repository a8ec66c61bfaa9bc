# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What an idle session costs: many principals in one process, each with an auth object and a token at hand.

`python -m benchmarks.memory NAME COUNT` measures in a process of its own and prints the bytes for each session.
"""

import asyncio
import gc
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.measuring import Effort, Findings, spread

_ROOT = Path(__file__).parent.parent
_URL = "https://mcp.example.com/mcp"
_BOUND = 10.0


async def measure(findings: Findings, effort: Effort, folder: Path) -> None:  # noqa: ARG001 - nothing is kept
    from benchmarks.contenders import SDK, VALETKEY

    counts = {VALETKEY: effort.principals, SDK: effort.principals // 10}
    kilobytes = {
        name: [_in_a_process(name, count) / 1024 for _ in range(effort.repeats)] for name, count in counts.items()
    }
    case = f"memory of one idle session, {effort.principals:,} principals in one process"
    cells = {name: spread(sizes, "KB", 1) for name, sizes in kilobytes.items()}
    findings.add(case, cells, effort.repeats)
    is_small = statistics.median(kilobytes[VALETKEY]) <= _BOUND
    findings.demand(is_small, f"{case}: {cells[VALETKEY]}, more than {_BOUND:.0f}")


def _in_a_process(name: str, count: int) -> float:
    command = [sys.executable, "-m", "benchmarks.memory", name, str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120.0, cwd=_ROOT)
    return float(done.stdout)


def main(name: str, count: int) -> None:
    make = _session_of_valetkey if name == "valetkey" else _session_of_sdk
    warmed_up = [make(-number) for number in range(1, 200)]
    gc.collect()
    before = _resident()
    sessions = [make(number) for number in range(count)]
    gc.collect()
    print((_resident() - before) / len(sessions))
    del warmed_up


def _session_of_valetkey(number: int) -> Any:
    from benchmarks.idle_store import IdleStore
    from valetkey.httpx2 import OAuth

    auth = OAuth(_URL, principal=f"person-{number}", store=_once(IdleStore), login="never")
    assert auth.engine.current() is not None
    return auth


def _session_of_sdk(number: int) -> Any:
    from mcp.shared.auth import OAuthClientInformationFull, OAuthToken
    from pydantic import AnyUrl

    from benchmarks.contenders import SDKStorage, sdk_provider

    storage = SDKStorage()
    provider = sdk_provider(_URL, storage)
    client = OAuthClientInformationFull(client_id="c", redirect_uris=[AnyUrl("http://127.0.0.1:33418/callback")])
    token = OAuthToken(access_token=f"{number:043}", refresh_token=f"{number:044}", expires_in=3600, scope="mcp")

    async def load() -> None:
        await storage.set_client_info(client)
        await storage.set_tokens(token)
        await provider._initialize()

    _once(asyncio.new_event_loop).run_until_complete(load())
    return provider


_made: dict[Callable[[], Any], Any] = {}


def _once(make: Callable[[], Any]) -> Any:
    if make not in _made:
        _made[make] = make()
    return _made[make]


def _resident() -> int:
    """Give the bytes this process has in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
