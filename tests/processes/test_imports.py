# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What an import brings along: a program pays for what it uses."""

import json

import pytest

from tests.processes.child import Child

LOADED = """
    import importlib, json, sys
    before = set(sys.modules)
    importlib.import_module(sys.argv[1])
    print(json.dumps(sorted({name.partition(".")[0] for name in set(sys.modules) - before})))
"""
HEAVY = {
    "anyio",
    "cryptography",
    "haystack",
    "httpx",
    "httpx2",
    "mcp",
    "platformdirs",
    "psycopg",
    "pydantic",
    "redis",
    "sqlite3",
    "trio",
    "typer",
}


@pytest.mark.parametrize(
    ("module", "brings"),
    [
        ("valetkey", set()),
        ("valetkey.errors", set()),
        ("valetkey.settings.settings", set()),
        ("valetkey.store", set()),
        ("valetkey.store.backends.opening", set()),
        ("valetkey.store.leases.cas_lease", set()),
        ("valetkey.store.testing", set()),
        ("valetkey.store.backends.memory", set()),
        ("valetkey.store.backends.redis", {"cryptography", "redis"}),
        ("valetkey.store.backends.postgres", {"psycopg"}),
        ("valetkey.store.backends.sqlite", {"sqlite3"}),
        ("valetkey.protocol.challenge", set()),
        ("valetkey.login.loopback", set()),
        ("valetkey.httpx2", {"httpx2"}),
        ("valetkey.httpx", {"httpx"}),
    ],
)
def test_an_import_brings_what_it_needs_and_nothing_else(module, brings):
    with Child(LOADED, module) as child:
        assert HEAVY & set(json.loads(child.succeed())) == brings
