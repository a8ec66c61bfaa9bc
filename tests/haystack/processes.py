# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Running `tests.haystack.program` as another process of the same user, with the same store and the same browser."""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).parent.parent.parent
_LONGEST = 30.0


@dataclass(frozen=True)
class Ended:
    """What a program printed, and how long it took to end after its last line."""

    output: str
    seconds_to_end: float


def run_program(kind, url):
    """Run the program to its end."""
    command = [sys.executable, "-m", "tests.haystack.program", kind, url]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        output = program.stdout.readline()
        finished = time.monotonic()
        try:
            rest, complaints = program.communicate(timeout=_LONGEST)
        finally:
            program.kill()
        seconds = time.monotonic() - finished
    assert program.returncode == 0, complaints
    return Ended(output + rest, seconds)
