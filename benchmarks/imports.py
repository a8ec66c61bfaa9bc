# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What importing costs, each time in a fresh interpreter, over importing httpx2 alone; and what is not imported."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.contenders import FASTMCP, HAYSTACK, SDK, VALETKEY
from benchmarks.measuring import Effort, Findings, spread

_MODULES = {
    VALETKEY: "valetkey.httpx2",
    SDK: "mcp.client.auth",
    FASTMCP: "fastmcp.client.auth",
    HAYSTACK: "haystack_integrations.tools.mcp",
}
_FORBIDDEN = ("pydantic", "cryptography", "keyring", "redis", "psycopg")
_BOUND = 60.0
"""Milliseconds, on whatever machine this runs; the page shows what it was."""

_PROGRAM = """
import json, sys, time
import httpx2
before = time.perf_counter()
import {module}
imported = time.perf_counter()
{then}
used = time.perf_counter()
loaded = [name for name in {forbidden!r} if name in sys.modules]
print(json.dumps([(imported - before) * 1000, (used - imported) * 1000, loaded]))
"""
_FIRST_USE = "valetkey.httpx2.OAuth('https://mcp.example.com/mcp', store='memory:')"


async def measure(findings: Findings, effort: Effort, folder: Path) -> None:
    taken: dict[str, list[float]] = {name: [] for name in _MODULES}
    first: list[float] = []
    loaded: set[str] = set()
    for number in range(effort.imports + 1):
        for name, module in _MODULES.items():
            if name != VALETKEY and number > effort.peer_rounds:
                continue
            seconds, use, found = _import(module, _FIRST_USE if name == VALETKEY else "", folder)
            if number > 0:  # the first one writes the compiled files
                taken[name].append(seconds)
                first += [use] if name == VALETKEY else []
            loaded |= set(found) if name == VALETKEY else set()
    case = "import, over `import httpx2`"
    findings.add(case, {name: spread(values, "ms", 0) for name, values in taken.items()}, effort.imports)
    median = statistics.median(taken[VALETKEY])
    findings.demand(median <= _BOUND, f"{case}: {median:.0f} ms, more than {_BOUND:.0f}")
    findings.add("the first `OAuth()` of a process", {VALETKEY: spread(first, "ms", 0)}, effort.imports)
    words = ", ".join(f"`{name}`" for name in _FORBIDDEN)
    case = f"of {words}: loaded by import and first use"
    findings.add(case, {VALETKEY: ", ".join(sorted(loaded)) or "none"}, effort.imports)
    findings.demand(not loaded, f"{case}: {sorted(loaded)}")


def _import(module: str, then: str, folder: Path) -> tuple[float, float, list[str]]:
    """Import in a process of its own. All modules have compiled files, as those of an installed package have."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment = {**kept, "PYTHONPYCACHEPREFIX": str(folder)}
    program = _PROGRAM.format(module=module, then=then, forbidden=_FORBIDDEN)
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60.0, env=environment)
    seconds, use, loaded = json.loads(done.stdout)
    return float(seconds), float(use), list(loaded)
