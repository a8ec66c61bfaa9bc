# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
All benchmarks in one run: `make bench`, or `python -m benchmarks.run`.

`--write` measures the peers as often as Valetkey and writes docs/benchmarks.md. `--only` runs one case, and then
nothing is written. The exit status is 1 if a bound is missed.
"""

import argparse
import asyncio
import logging
import os
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType

from benchmarks import (
    beside,
    bridging,
    haystack_tools,
    imports,
    latency,
    many_sessions,
    memory,
    page,
    parallel_calls,
    parallel_requests,
    principals,
    processes,
    processor_time,
    renewals,
    starts,
)
from benchmarks.measuring import FULL, QUICK, Effort, Findings

_PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_LONGEST = {QUICK: 900.0, FULL: 2400.0}
"""Seconds after which a run that does not come to its end is broken off."""

CASES: tuple[ModuleType, ...] = (
    starts,
    latency,
    parallel_calls,
    haystack_tools,
    parallel_requests,
    beside,
    bridging,
    processor_time,
    renewals,
    principals,
    many_sessions,
    processes,
    imports,
    memory,
)


def main() -> int:
    names = {module.__name__.rpartition(".")[2]: module for module in CASES}
    arguments = argparse.ArgumentParser(description="what Valetkey costs, beside a plain bearer token and its peers")
    arguments.add_argument("--write", action="store_true", help="measure in full and write docs/benchmarks.md")
    arguments.add_argument("--only", action="append", choices=names, help="only this case; may be repeated")
    options = arguments.parse_args()
    logging.disable(logging.CRITICAL)  # the peers log each failure that is wanted here
    effort = FULL if options.write else QUICK
    findings = asyncio.run(run([names[name] for name in options.only or names], effort))
    if options.write and options.only is None and not findings.missed:
        page.write(_PAGE, findings.rows, effort)
    for missed in findings.missed:
        sys.stderr.write(f"missed: {missed}\n")
    sys.stdout.flush()
    # Without waiting for what a peer has left stuck in threads.
    os._exit(1 if findings.missed else 0)


async def run(cases: list[ModuleType], effort: Effort) -> Findings:
    """
    Run cases one after the other.

    :param cases: The cases.
    :param effort: How much is measured.
    :returns: What was found.
    """
    findings = Findings()
    async with asyncio.timeout(_LONGEST[effort]):
        with tempfile.TemporaryDirectory(prefix="valetkey-benchmark-") as folder:
            for case in cases:
                started = time.monotonic()
                part = Path(folder) / case.__name__.rpartition(".")[2]
                part.mkdir(mode=0o700)
                await case.measure(findings, effort, part)
                print(f"    {case.__name__}: {time.monotonic() - started:.0f} s\n", flush=True)
    return findings


if __name__ == "__main__":
    main()
