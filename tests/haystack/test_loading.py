# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A first login loads no module: Python would look through all objects for garbage, and hold up every event loop."""

import json

from tests.haystack.event_loops import HELD_UP, pauses_of_best
from tests.haystack.processes import run_program


def test_the_first_login_of_a_process_loads_no_module_and_holds_no_event_loop_up(misbehaving, person, monkeypatch):
    """Row J2. Traps 10, 11."""
    person.takes(1)
    found = []

    def pause(attempt):
        monkeypatch.setenv("VALETKEY_STORE", f"sqlite:///{person.folder}/store-{attempt}/credentials.db")
        found.append(json.loads(run_program("first-login", misbehaving.mcp_url).splitlines()[-1]))
        return found[-1]["pause"]

    pauses = pauses_of_best(pause)
    assert found[0]["loaded"] == []
    assert min(pauses) < HELD_UP
    assert person.logins == len(pauses)
