# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Runs the program of each framework on docs/frameworks.md: `make frameworks`, or `python -m tests.frameworks.run Agno`.

Each has an environment of its own with the newest versions. Its program runs twice, in two processes with one store:
the first logs in and calls a tool, the second calls the tool without a login. With all of them run, the versions are
written into the page.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.frameworks.frameworks import BEGINNING, END, FRAMEWORKS, PAGE, Framework
from tests.servers import browser_environment, fastmcp

ROOT = Path(__file__).parent.parent.parent
ENVIRONMENTS = ROOT / ".venv-frameworks"
PROGRAM_SECONDS = 180.0


class NotAsTold(Exception):
    """A program did something else than the page says."""


@dataclass(frozen=True, slots=True)
class Visits:
    """The file in which the scripted browser writes one line for each address it opens."""

    path: Path

    def count(self) -> int:
        """Count how often the browser was opened."""
        return len(self.path.read_text(encoding="utf-8").splitlines()) if self.path.exists() else 0


def main(titles: Sequence[str]) -> int:
    """Run all frameworks, or those with the given titles; give the exit code."""
    chosen = [framework for framework in FRAMEWORKS if not titles or framework.title in titles]
    rows, failures = [], 0
    for framework in chosen:
        try:
            install(framework)
            run(framework)
        except (NotAsTold, subprocess.SubprocessError) as error:
            failures += 1
            say(f"{framework.title}: FAILED: {error}")
            continue
        rows.append((framework.title, versions(framework)))
        say(f"{framework.title}: login, call, restart ({rows[-1][1]})")
    say(f"{len(chosen) - failures} passed, {failures} failed")
    if not failures and len(chosen) == len(FRAMEWORKS):
        write(rows)
    return 1 if failures or not chosen else 0


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def python_of(framework: Framework) -> Path:
    """Give the interpreter of a framework's environment."""
    return ENVIRONMENTS / framework.folder / "bin" / "python"


def install(framework: Framework) -> None:
    """Make the environment, or bring it to the newest versions."""
    python = python_of(framework)
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(python.parent.parent)], check=True)
    ours = ["--editable", f"{ROOT}[httpx]"]
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--quiet", "--no-input"]
    options = ["--disable-pip-version-check", "--upgrade", "--upgrade-strategy", "eager"]
    subprocess.run([*pip, *options, *framework.requirements, *ours], check=True)


def run(framework: Framework) -> None:
    """Run the program twice at a new server, with a person who logs in where the browser is opened."""
    with tempfile.TemporaryDirectory(prefix="valetkey-frameworks-") as folder, fastmcp("own") as server:
        place = Path(folder)
        visits = Visits(place / "visits.txt")
        program = place / "program.py"
        program.write_text(framework.program(server.mcp_url), encoding="utf-8")
        environment = {
            **os.environ,
            "VALETKEY_STORE": f"sqlite:///{place / 'credentials.db'}",
            **browser_environment(log=visits.path),
        }
        call(framework, program, environment)
        expect(visits.count() == 1, f"the first run opened the browser {visits.count()} times")
        server.reset_log()
        call(framework, program, environment)
        expect(visits.count() == 1, "the second run opened the browser again")
        asked = {request["path"] for request in server.log()} - {"/mcp"}
        expect(not asked, f"the second run asked for {sorted(asked)}")


def call(framework: Framework, program: Path, environment: dict[str, str]) -> None:
    """Run the program once; it prints the answer of the tool."""
    result = subprocess.run(
        [str(python_of(framework)), str(program)],
        env=environment,
        cwd=program.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PROGRAM_SECONDS,
        check=False,
    )
    expect(result.returncode == 0, f"the program ended with {result.returncode}:\n{result.stderr[-3000:]}")
    expect("42" in result.stdout, f"the program printed {result.stdout[-500:]!r}")


def expect(condition: bool, message: str) -> None:
    """Raise `NotAsTold` if a condition does not hold."""
    if not condition:
        raise NotAsTold(message)


def versions(framework: Framework) -> str:
    """Read which versions are installed."""
    code = "import importlib.metadata as m, json, sys; print(json.dumps([m.version(n) for n in sys.argv[1:]]))"
    command = [str(python_of(framework)), "-c", code, *framework.distributions]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return ", ".join(f"{name} {version}" for name, version in zip(framework.distributions, found, strict=True))


def write(rows: Sequence[tuple[str, str]]) -> None:
    """Write the table of versions into the page."""
    table = ["| framework | versions |", "|---|---|", *(f"| {title} | {what} |" for title, what in rows)]
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGINNING)
    text = f"{before}{BEGINNING}\n" + "\n".join(table) + f"\n\n{END}{rest.partition(END)[2]}"
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
