# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""One run of tests against a copy of `src`, in a process of its own; this module imports nothing of the package."""

import os
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

ATTACKS = Path(__file__).parent
OPTIONS = ("-x", "-q", "--assert=plain", *(f"-pno:{name}" for name in ("cacheprovider", "xdist", "randomly", "cov")))
OURS = ("valetkey", "haystack_integrations.tools.mcp_oauth")


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    How a run has ended: "passed", "failed" by an assertion, "broke" in any other way, or "never ended".

    `detail` says in one line what broke or failed.
    """

    kind: str
    detail: str = ""


class Watcher:
    """Sees the first failure of a run."""

    def __init__(self) -> None:
        self.outcome: Outcome | None = None

    def pytest_exception_interact(self, node, call, report) -> None:
        error = call.excinfo.value
        during = getattr(report, "when", "collection")
        is_assertion = during == "call" and any(isinstance(each, _ASSERTIONS) for each in leaves(error))
        lines = str(error).strip().splitlines() or [""]
        detail = f"in {node.name}, by {type(error).__name__} during the {during}: {lines[0]}"
        self.outcome = self.outcome or Outcome("failed" if is_assertion else "broke", detail)


_ASSERTIONS = (AssertionError, pytest.fail.Exception)


def leaves(error: BaseException) -> list[BaseException]:
    """Give an error, or those of a group of errors."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in leaves(inner)]
    return [error]


def run_tests(source: Path, tests: tuple[str, ...], output: Path, outcome: Connection) -> None:
    """Run tests with the package of `source`, and tell the outcome; the process ends with that."""
    os.setsid()
    with output.open("wb") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    os.chdir(ATTACKS.parent.parent)
    sys.path.insert(0, str(source))
    os.environ["PYTHONPATH"] = str(source)
    sys.dont_write_bytecode = True
    watcher = Watcher()
    status = pytest.main([*OPTIONS, *(str(ATTACKS / test) for test in tests)], plugins=[watcher])
    outcome.send(_judged(status, watcher.outcome, source, output))
    os._exit(0)


def _judged(status: int, seen: Outcome | None, source: Path, output: Path) -> Outcome:
    foreign = from_elsewhere(source)
    if foreign:
        return Outcome("broke", f"because the run imported {', '.join(foreign)}")
    if status == pytest.ExitCode.OK:
        return Outcome("passed")
    if status == pytest.ExitCode.TESTS_FAILED and seen is not None:
        return seen
    said = output.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return seen or Outcome("broke", f"with exit status {int(status)}: {said[-1] if said else ''}")


def from_elsewhere(source: Path) -> list[str]:
    """Give the files of our packages that were imported from another place than the copy."""
    files = [
        Path(module.__file__)
        for name, module in sorted(sys.modules.items())
        if name.startswith(OURS) and getattr(module, "__file__", None)
    ]
    return [str(file) for file in files if not file.is_relative_to(source)][:3]
