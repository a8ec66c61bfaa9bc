# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The official suite as a child process: what scenarios there are, and one of them at a time."""

import contextlib
import os
import re
import shlex
import signal
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.result import Result, read_result
from tests.servers.programs import node

_HERE = Path(__file__).parent
PACKAGE = _HERE / "node_modules" / "@modelcontextprotocol" / "conformance"
_CLIENT = _HERE / "client.py"
_SCENARIO = re.compile(r"^  - (auth/\S+) \[([^\]]*)\]$", re.MULTILINE)
_SUITE_PATIENCE = 60.0
"""More than the client gives itself."""
_PATIENCE = 75.0
"""The suite's own limit ends nothing but a shell; this one ends the suite, the shell and the client."""


class SuiteFailed(Exception):
    """The suite is not what this run was written for."""


@dataclass(frozen=True, slots=True)
class Leg:
    """
    One way to run the scenarios.

    :param title: What the table calls it.
    :param wire: The protocol version of the mock servers; None leaves it to the suite, scenario by scenario.
    :param python: The Python that runs the client; it decides the MCP SDK.
    :param scenarios: How many scenarios there have to be.
    """

    title: str
    wire: str | None
    python: Path
    scenarios: int


class Suite:
    """
    The installed suite. Closing it ends whatever still runs.

    :param results: A folder for the files of each scenario.
    """

    def __init__(self, results: Path) -> None:
        self._results = results
        self._command = [node(), str(PACKAGE / "dist" / "index.js")]
        self._lock = threading.Lock()  # guards _running and _closed
        self._running: set[int] = set()
        self._closed = False

    def scenarios(self, leg: Leg) -> list[str]:
        """
        List the scenarios of a leg, those of the extensions included.

        :param leg: The leg.
        :returns: Their names, in the suite's order.
        :raises SuiteFailed: If there are more or fewer than expected.
        """
        everything = self._list()
        if leg.wire is None:
            names = [name for name, _ in everything]
        else:
            names = [name for name, _ in self._list("--spec-version", leg.wire)]
            names += [name for name, kind in everything if kind == "extension"]  # on no protocol version's list
        if len(names) != leg.scenarios:
            message = f"{leg.title}: the suite has {len(names)} scenarios, expected were {leg.scenarios}"
            raise SuiteFailed(message)
        return names

    def _list(self, *arguments: str) -> list[tuple[str, str]]:
        output = subprocess.run(
            [*self._command, "list", "--client", *arguments], capture_output=True, text=True, timeout=60, check=True
        ).stdout
        return _SCENARIO.findall(output)

    def run(self, leg: Leg, scenario: str) -> Result:
        """
        Run one scenario in a process of its own.

        :param leg: The leg.
        :param scenario: The scenario.
        :returns: The result.
        """
        self._results.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=scenario.replace("/", "-") + "-", dir=self._results))
        command = [*self._command, "client", "--scenario", scenario, "--output-dir", str(folder)]
        command += ["--command", shlex.join([str(leg.python), str(_CLIENT)])]
        command += ["--timeout", str(int(_SUITE_PATIENCE * 1000))]
        if leg.wire:
            command += ["--spec-version", leg.wire, "--force"]  # without it, extensions are silently left out
        status, output = self._run(command)
        return read_result(scenario, folder, suite_status=status, suite_output=output)

    def _run(self, command: Sequence[str]) -> tuple[int | None, str]:
        with self._lock:
            if self._closed:
                return None, ""
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env=_environment(),
                start_new_session=True,  # a process group of its own, which ends together
            )
            self._running.add(process.pid)
        try:
            output, _ = process.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            return None, output
        else:
            return process.returncode, output
        finally:
            with self._lock:
                self._running.discard(process.pid)

    def close(self) -> None:
        """End what still runs, and start nothing any more."""
        with self._lock:
            self._closed = True
            for process_group in self._running:
                with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
                    os.killpg(process_group, signal.SIGKILL)


def _environment() -> dict[str, str]:
    """Give what a client has anyway. The mock servers are on this machine: no proxy leads there."""
    inherited = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return {**inherited, "NODE_NO_WARNINGS": "1", "NO_COLOR": "1"}
