# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Running `tests.haystack.program` as another process of the same user, with the same store and the same browser."""

import subprocess
import sys
from pathlib import Path

from tests.fakes.threads import LONGEST_WAIT

_ROOT = Path(__file__).parent.parent.parent


def run_program(kind, url):
    """Run the program to its end, and give what it printed; one that does not end by itself fails."""
    command = [sys.executable, "-m", "tests.haystack.program", kind, url]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=LONGEST_WAIT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
