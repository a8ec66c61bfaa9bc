# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What an import loads: little, because every program pays for it that may need a login one day."""

import json
import subprocess
import sys

import pytest

from tests.fakes.world import a_session
from valetkey._sessions.codec import encode_session, session_key
from valetkey.settings.settings import Settings
from valetkey.store import open_store

PROGRAM = "import json, sys\n{}\nprint(json.dumps(sorted(sys.modules)))"
MAKE_ONE = "valetkey.httpx2.OAuth('https://mcp.example.com/mcp', store='memory:', login='never')"


def modules_after(code):
    done = subprocess.run([sys.executable, "-c", PROGRAM.format(code)], capture_output=True, check=True, timeout=60)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_importing_the_class_loads_neither_the_engine_nor_an_event_loop(library):
    loaded = modules_after(f"import valetkey.{library}")
    assert f"valetkey.{library}" in loaded
    assert loaded.isdisjoint(
        {"valetkey._engine.engine", "valetkey._network.sender", "valetkey.store.backends.sqlite", "asyncio", "anyio"}
    )
    assert "valetkey.settings.settings" not in loaded


def test_the_class_of_the_package_and_the_libraries_are_loaded_when_it_is_first_used():
    assert modules_after("import valetkey").isdisjoint({"httpx", "httpx2"})
    loaded = modules_after("from valetkey import OAuth")
    assert {"httpx", "httpx2"} <= loaded
    assert loaded.isdisjoint({"valetkey._engine.engine", "valetkey.settings.settings", "asyncio", "anyio", "mcp"})


def test_a_program_that_names_a_library_does_not_load_the_other_one():
    assert "httpx" not in modules_after("import valetkey.httpx2")
    assert "httpx2" not in modules_after("import valetkey.httpx")


def test_a_session_in_memory_needs_no_package_of_the_extras():
    loaded = modules_after(f"import valetkey.httpx2; {MAKE_ONE}")
    assert "valetkey._engine.engine" in loaded
    assert loaded.isdisjoint({"pydantic", "cryptography", "keyring", "redis", "psycopg", "haystack", "mcp"})


def test_a_session_in_memory_loads_nothing_of_files_and_keys():
    loaded = modules_after(f"import valetkey.httpx2; {MAKE_ONE}")
    assert "valetkey.store.backends.memory" in loaded
    assert loaded.isdisjoint({"sqlite3", "valetkey.store.backends.sqlite", "valetkey.store.encryption.protection"})


A_START_WITH_A_GOOD_TOKEN = """
import httpx2
from valetkey.httpx2 import OAuth

client = httpx2.Client(auth=OAuth("https://mcp.example/mcp", store="sqlite:///{path}"), transport=httpx2.MockTransport(
    lambda request: httpx2.Response(200 if request.headers.get("authorization") == "Bearer access-0" else 401)
))
assert client.get("https://mcp.example/mcp").status_code == 200
"""


def test_a_start_with_a_good_token_loads_nothing_that_obtains_one(tmp_path):
    path = tmp_path / "sessions.db"
    settings = Settings(url="https://mcp.example/mcp")
    open_store(f"sqlite:///{path}").put(session_key(settings), encode_session(a_session(expires_at=None)))
    loaded = modules_after(A_START_WITH_A_GOOD_TOKEN.replace("{path}", str(path)))
    rooms = ("_clients", "_discovery", "_grants", "_network", "migrate", "protocol")
    in_rooms = {name for name in loaded if name.startswith(tuple(f"valetkey.{room}." for room in rooms))}
    options_are_checked_with = {"valetkey.protocol.authorization", "valetkey.protocol.client_document"}
    assert in_rooms - options_are_checked_with == {"valetkey._network.on_demand"}
    assert loaded.isdisjoint({"valetkey._engine.attempts", "valetkey._engine.logout", "valetkey.login.listener"})
    assert loaded.isdisjoint({"http.server", "socketserver", "webbrowser", "cryptography", "keyring", "jwt"})


def test_where_nothing_listens_nothing_of_events_is_loaded_but_the_question_who_listens(tmp_path):
    path = tmp_path / "sessions.db"
    settings = Settings(url="https://mcp.example/mcp")
    open_store(f"sqlite:///{path}").put(session_key(settings), encode_session(a_session(expires_at=None)))
    assert modules_after("import valetkey.httpx2").isdisjoint({"valetkey.events", "valetkey.telemetry"})
    loaded = modules_after(A_START_WITH_A_GOOD_TOKEN.replace("{path}", str(path)))
    rooms = ("valetkey.events.", "valetkey.telemetry", "opentelemetry")
    assert {name for name in loaded if name.startswith(rooms)} == {"valetkey.events.listening"}
