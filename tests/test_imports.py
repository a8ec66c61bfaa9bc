# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What an import loads: little, because every program pays for it that may need a login one day."""

import json
import subprocess
import sys

import pytest

PROGRAM = "import json, sys; {}; print(json.dumps(sorted(sys.modules)))"
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


def test_the_class_for_httpx2_is_loaded_from_the_package_when_it_is_first_used():
    assert "httpx2" not in modules_after("import valetkey")
    assert "valetkey.httpx2" in modules_after("from valetkey import OAuth")


def test_a_program_that_uses_httpx_does_not_load_httpx2():
    assert "httpx2" not in modules_after("import valetkey.httpx")


def test_a_session_in_memory_needs_no_package_of_the_extras():
    loaded = modules_after(f"import valetkey.httpx2; {MAKE_ONE}")
    assert "valetkey._engine.engine" in loaded
    assert loaded.isdisjoint({"pydantic", "cryptography", "keyring", "redis", "psycopg", "haystack", "mcp"})
