# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
mcp-haystack's own tests, run with the classes of this package: `python -m tests.haystack.upstream.run`.

The tests are in the source archive of the installed version, which pip fetches. The public import is changed, as a user
changes it, and nothing else. `differences.py` lists the tests that fail on purpose; every other result is an error.
"""

import os
import re
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.haystack.upstream.differences import DIFFERENCES

ROOT = Path(__file__).parent.parent.parent.parent
STAND_IN = Path(__file__).parent / "stand_in"
THEIRS = re.compile(r"from haystack_integrations\.tools\.mcp import")
OURS = "from haystack_integrations.tools.mcp_oauth import"


def fetch(folder):
    """Fetch the source archive of the installed mcp-haystack; pip installs what builds it, to read its metadata."""
    release = f"mcp-haystack=={version('mcp-haystack')}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "mcp-haystack"]
    done = subprocess.run([*command, "--dest", str(folder), release], capture_output=True, text=True, check=False)
    archives = list(folder.glob("*.tar.gz"))
    if not archives:
        sys.exit(f"There is no archive of {release}:\n{done.stderr}")
    return archives[0]


def unpack(archive, folder):
    """Unpack the tests, with the import changed, and give their folder."""
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    (tests,) = folder.glob("*/tests")
    for path in tests.glob("*.py"):
        path.write_text(THEIRS.sub(OURS, path.read_text("utf-8")), "utf-8")
    return tests


def results_of(tests):
    """Run the tests, and give the name and the result of each."""
    report = tests.parent / "report.xml"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(tests.parent), str(STAND_IN)])}
    command = [sys.executable, "-m", "pytest", "tests", "-q", "-p", "no:randomly", "-p", "no:cacheprovider"]
    options = ["-p", "pytest_asyncio", "-m", "not integration", f"--junitxml={report}", "--timeout=120"]
    subprocess.run([*command, *options], cwd=tests.parent, env=environment, stdout=subprocess.DEVNULL, check=False)
    cases = ET.parse(report).getroot().iter("testcase")  # noqa: S314 - pytest has just written it
    return {
        f"{case.get('classname').removeprefix('tests.')}::{case.get('name')}": not list(case.iter("failure"))
        and not list(case.iter("error"))
        for case in cases
    }


def compare(results, differences):
    """Say what does not agree with the list of differences."""
    failed = {name for name, is_passed in results.items() if not is_passed}
    expected = differences.keys() & results.keys()
    lines = [f"fails, and is in no list: {name}" for name in sorted(failed - expected)]
    lines += [f"passes now, and is in the list: {name}" for name in sorted(expected - failed)]
    return lines + [
        f"is in the list, and there is no such test: {name}" for name in sorted(differences.keys() - results.keys())
    ]


def main():
    """Compare what fails with what is to fail."""
    with tempfile.TemporaryDirectory() as folder:
        results = results_of(unpack(fetch(Path(folder)), Path(folder)))
    lines = compare(results, DIFFERENCES)
    passed = sum(results.values())
    sys.stdout.write("\n".join([*lines, f"{passed} of {len(results)} pass, {len(results) - passed} differ", ""]))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
