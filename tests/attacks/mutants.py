# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Takes the defences out one at a time and looks whether the matching test misses them.

`python -m tests.attacks.mutants` takes out all; `… C3 T` those of one threat and of one module. Each edit is made in a
copy of `src` that is compiled already; by its hash, Python sees that the source of one file is another now. A process
that has imported pytest and other people's packages, and nothing of ours, is the parent of each run, so that a run
costs little more than its test.
"""

import argparse
import compileall
import multiprocessing
import os
import queue
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode

from tests.attacks.one_run import Outcome, run_tests
from tests.attacks.threat import Defence, Threat
from tests.attacks.threats import every_threat

ROOT = Path(__file__).parent.parent.parent
LONGEST_RUN = 60.0
"""Seconds for the run of one test without its defence; a run that takes longer is ended."""

IMPORTED_BEFORE = [
    *("pytest", "hypothesis", "anyio", "trio", "httpx", "httpx2", "platformdirs", "keyring"),
    *("cryptography.hazmat.primitives.asymmetric.ec", "jwt", "haystack", "mcp"),
    "tests.attacks.one_run",
]
"""Packages of other people, which take most of the time that a run takes to start, and the run itself."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One defence of a threat, counted from 1."""

    threat: Threat
    number: int
    defence: Defence

    @property
    def name(self) -> str:
        return f"{self.threat.id} defence {self.number} of {len(self.threat.defences)}, {self.defence.file}"


def chosen(names: Sequence[str]) -> tuple[Threat, ...]:
    """Give the threats that ids or letters of modules name; all of them if there is no name."""
    threats = every_threat()
    for name in names:
        if not any(_is_named(threat, name) for threat in threats):
            message = f"There is no threat {name}."
            raise SystemExit(message)
    return tuple(threat for threat in threats if not names or any(_is_named(threat, name) for name in names))


def _is_named(threat: Threat, name: str) -> bool:
    return name in (threat.id, threat.id[0])


def without(text: str, defence: Defence) -> str:
    """Give the text of a file without one defence."""
    if text.count(defence.old) != 1:
        message = f"{defence.file} has {text.count(defence.old)} times: {defence.old}"
        raise ValueError(message)
    return text.replace(defence.old, defence.new)


class Runner:
    """Runs tests against copies of `src`, each in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(IMPORTED_BEFORE)
        self._copies: queue.SimpleQueue[Path] = queue.SimpleQueue()

    def make_copies(self, number: int) -> None:
        """Copy `src` once for each worker."""
        for count in range(number):
            copy = self._folder / str(count)
            shutil.copytree(ROOT / "src", copy / "src", ignore=shutil.ignore_patterns("__pycache__"))
            compileall.compile_dir(copy / "src", quiet=1, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
            self._copies.put(copy)

    def run(self, tests: Sequence[str], *, seconds: float, defence: Defence | None = None) -> Outcome:
        """Run tests against a copy, without one defence or with all of them."""
        copy = self._copies.get()
        try:
            if defence is None:
                return self._run(copy, tests, seconds)
            file = copy / defence.file
            text = file.read_text(encoding="utf-8")
            file.write_text(without(text, defence), encoding="utf-8")
            try:
                return self._run(copy, tests, seconds)
            finally:
                file.write_text(text, encoding="utf-8")
        finally:
            self._copies.put(copy)

    def _run(self, copy: Path, tests: Sequence[str], seconds: float) -> Outcome:
        here, there = self._context.Pipe(duplex=False)
        process = self._context.Process(target=run_tests, args=(copy / "src", tuple(tests), copy / "output", there))
        process.start()
        there.close()
        assert process.pid is not None
        with here:
            outcome = here.recv() if here.poll(seconds) else Outcome("never ended", f"after {seconds:.0f} s")
        _end(process.pid)
        process.join()
        return outcome


def _end(process_group: int) -> None:
    """End a run together with the programs that its tests have started."""
    with suppress(ProcessLookupError):
        os.killpg(process_group, signal.SIGKILL)


def is_missed(outcome: Outcome, defence: Defence) -> bool:
    """Tell whether the test has noticed that the defence is not there."""
    return outcome.kind == "failed" or (outcome.kind == "never ended" and defence.never_ends)


def take_out(threats: Sequence[Threat], runner: Runner, workers: int) -> list[str]:
    """Take out each defence, and give a line for each that no test has missed."""
    mutants = [Mutant(threat, n, each) for threat in threats for n, each in enumerate(threat.defences, 1)]

    def line(mutant: Mutant) -> str | None:
        outcome = runner.run([mutant.threat.test], seconds=LONGEST_RUN, defence=mutant.defence)
        if is_missed(outcome, mutant.defence):
            return None
        text = f"{mutant.name}: the test {outcome.kind}"
        return f"{text} {outcome.detail}".rstrip()

    with ThreadPoolExecutor(workers) as pool:
        return [found for found in pool.map(line, mutants) if found is not None]


def main(arguments: Sequence[str]) -> int:
    """Print a line for each survivor, and a summary; 0 if there is no survivor."""
    parser = argparse.ArgumentParser(prog="python -m tests.attacks.mutants", description="Take out defences.")
    parser.add_argument("ids", nargs="*", metavar="ID", help="a threat, such as C3, or the letter of a module")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)), help="runs at the same time")
    options = parser.parse_args(arguments)
    threats = chosen(options.ids)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="valetkey-mutants-") as folder:
        runner = Runner(Path(folder))
        runner.make_copies(options.workers)
        tests = sorted({threat.test for threat in threats})
        intact = runner.run(tests, seconds=LONGEST_RUN * 10)
        if intact.kind != "passed":
            print(f"With all defences in place the tests {intact.kind} {intact.detail}")  # noqa: T201
            return 2
        survivors = take_out(threats, runner, options.workers)
    for survivor in survivors:
        print(survivor)  # noqa: T201
    total = sum(len(threat.defences) for threat in threats)
    seconds = time.monotonic() - began
    print(f"{total} defences taken out one at a time, {len(survivors)} survived, {seconds:.0f} s")  # noqa: T201
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
