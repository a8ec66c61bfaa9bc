# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The endpoint of a real FastAPI app calls a tool, and the app's event loop goes on beside the login."""

import json
import subprocess

import pytest

from tests.hayhooks.running import PATH_OF_MODULES, ROOT
from tests.haystack.event_loops import HELD_UP, pauses_of_best
from tests.haystack.misbehaving_server import MisbehavingServer
from tests.haystack.person import Person


@pytest.fixture
def person(tmp_path, monkeypatch):
    monkeypatch.setenv("VALETKEY_STORE", f"sqlite:///{tmp_path}/sessions/credentials.db")
    monkeypatch.setenv("PYTHONPATH", PATH_OF_MODULES)
    person = Person(tmp_path / "person", monkeypatch.setenv)
    person.takes(8)
    return person


def test_the_event_loop_of_a_fastapi_app_goes_on_beside_a_login_of_eight_seconds(person):
    """Row J2. Traps 10, 11."""
    program = [ROOT / ".venv-hayhooks" / "bin" / "python", "-m", "tests.hayhooks.fastapi_app"]
    with MisbehavingServer() as server:

        def pause(attempt):
            labels = (f"before {attempt}", f"measured {attempt}")
            command = [*program, server.mcp_url, *labels]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
            assert done.returncode == 0, done.stderr
            found = [json.loads(line) for line in done.stdout.splitlines()]
            assert [each["answer"] for each in found] == ["3", "3"]
            assert found[-1]["seconds"] > 8
            return found[-1]["pause"]

        assert min(pauses_of_best(pause)) < HELD_UP
