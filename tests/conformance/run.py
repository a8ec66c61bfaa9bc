# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Run the official conformance suite: `python -m tests.conformance.run`, or `make conformance`.

Every scenario of every leg runs, and `docs/conformance.md` is written at the end. `--leg` and `--only` run a part, and
then nothing is written. The exit status is 1 if anything fails.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.conformance import report
from tests.conformance.result import Result
from tests.conformance.suite import PACKAGE, Leg, Suite, SuiteFailed

_ROOT = Path(__file__).parent.parent.parent
_PAGE = _ROOT / "docs" / "conformance.md"
_SDK_2 = _ROOT / ".venv" / "bin" / "python"
_SDK_1 = _ROOT / ".venv-sdk1" / "bin" / "python"
_AT_A_TIME = 2

LEGS = {
    "default": Leg("default", None, _SDK_2, 33),
    "2025-11-25": Leg("2025-11-25", "2025-11-25", _SDK_2, 20),
    "2026-07-28": Leg("2026-07-28", "2026-07-28", _SDK_2, 31),
    "sdk1": Leg("2025-11-25, SDK 1.x", "2025-11-25", _SDK_1, 20),
}


def main() -> int:
    """
    Run as a program.

    :returns: The exit status.
    """
    arguments = argparse.ArgumentParser(description="the auth scenarios of the official MCP conformance suite")
    arguments.add_argument("--leg", action="append", choices=LEGS, help="only this leg; may be repeated")
    arguments.add_argument("--only", metavar="PATTERN", help="only scenarios whose name matches")
    arguments.add_argument("--results", metavar="FOLDER", help="keep the suite's files there")
    options = arguments.parse_args()
    legs = [LEGS[name] for name in options.leg or LEGS]
    with tempfile.TemporaryDirectory(prefix="valetkey-conformance-") as folder:
        try:
            results = run(legs, Path(options.results or folder).absolute(), options.only)
        except SuiteFailed as error:
            sys.stderr.write(f"{error}\n")
            return 1
    if options.leg is None and options.only is None:
        report.replace_file(_PAGE, report.page(results, versions()))
    everything = [result for of_leg in results.values() for result in of_leg]
    failed = sum(not result.is_pass for result in everything)
    failures = report.failures(results)
    sys.stdout.write(f"\n{failures}\n" if failures else "\n")
    for title, of_leg in results.items():
        sys.stdout.write(f"{title}: {sum(result.is_pass for result in of_leg)}/{len(of_leg)}\n")
    sys.stdout.write(f"{len(everything) - failed} passed, {failed} failed\n")
    return 1 if failed or not everything else 0


def run(legs: list[Leg], folder: Path, only: str | None) -> dict[str, list[Result]]:
    """
    Run the scenarios of some legs.

    :param legs: The legs.
    :param folder: Where the suite leaves its files.
    :param only: A pattern that a scenario's name has to match, None for all.
    :returns: The results by the legs' titles, in the suite's order.
    :raises SuiteFailed: If the suite has not the expected scenarios.
    """
    suite = Suite(folder)
    scenarios = {leg: [name for name in suite.scenarios(leg) if re.search(only or "", name)] for leg in legs}
    pool = ThreadPoolExecutor(_AT_A_TIME)

    def run_one(leg: Leg, scenario: str) -> Result:
        result = suite.run(leg, scenario)
        verdict = "pass" if result.is_pass else "FAIL"
        sys.stdout.write(f"{verdict}  {result.passed:>2}/{result.checks:<2}  {leg.title:<19}  {scenario}\n")
        sys.stdout.flush()
        return result

    try:
        futures = {leg: [pool.submit(run_one, leg, name) for name in names] for leg, names in scenarios.items()}
        return {leg.title: [future.result() for future in of_leg] for leg, of_leg in futures.items()}
    finally:
        suite.close()
        pool.shutdown(cancel_futures=True)


def versions() -> dict[str, str]:
    """
    Tell what took part.

    :returns: Versions by name.
    """
    suite = json.loads((PACKAGE / "package.json").read_text(encoding="utf-8"))
    return {
        f"`{suite['name']}`": suite["version"],
        "MCP SDK": _sdk_version(_SDK_2),
        "MCP SDK 1.x": _sdk_version(_SDK_1),
    }


def _sdk_version(python: Path) -> str:
    code = "import importlib.metadata; print(importlib.metadata.version('mcp'))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=60, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
