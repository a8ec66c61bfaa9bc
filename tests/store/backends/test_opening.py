# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which backend a text names, and what is said when it names none or its library is not there."""

import pytest

from tests.processes.child import Child
from tests.requirements import requirement
from tests.store.backends.test_redis import assert_silent
from valetkey.errors import ConfigurationError
from valetkey.store.backends.memory import MemoryStore
from valetkey.store.backends.opening import open_backend
from valetkey.store.backends.postgres import PostgresStore
from valetkey.store.backends.redis import RedisStore
from valetkey.store.backends.sqlite import SqliteStore


@pytest.mark.parametrize(
    ("name", "backend"),
    [
        ("memory:", MemoryStore),
        ("sqlite:////somewhere/credentials.db", SqliteStore),
        ("redis://redis.example.com", RedisStore),
        ("redis://user:password@redis.example.com:6379/3?socket_timeout=2", RedisStore),
        ("rediss://redis.example.com?ssl_cert_reqs=required", RedisStore),
        ("unix:///run/redis.sock", RedisStore),
        ("postgresql://database.example.com/sessions", PostgresStore),
        ("postgresql:///sessions?host=/run/postgresql", PostgresStore),
        ("postgres://user:password@database.example.com:5432/sessions?sslmode=verify-full", PostgresStore),
    ],
)
def test_a_text_names_a_backend(name, backend):
    assert type(open_backend(name)) is backend


@pytest.mark.parametrize(
    "name", ["", "memory", "memory://", "sqlite://x", "sqlite:///", "redis:", "redis", "REDIS://host", "mysql://host"]
)
def test_a_text_that_names_none_is_an_error_that_names_all(name):
    with pytest.raises(ConfigurationError, match="There is no store") as caught:
        open_backend(name)
    for known in ("memory:", "sqlite:///", "redis://", "postgresql://"):
        assert known in caught.value.hint


@requirement("SEC-11")
@pytest.mark.parametrize("name", ["mysql://user:hunter2@host", "hunter2@host/sessions"])
def test_the_password_of_a_store_that_does_not_exist_is_not_repeated(name):
    with pytest.raises(ConfigurationError) as caught:
        open_backend(name)
    assert_silent(caught.value, "hunter2")


WITHOUT = """
    import sys
    sys.modules[sys.argv[1]] = None  # as if it were not installed
    from valetkey.errors import ConfigurationError
    from valetkey.store.backends.opening import open_backend

    try:
        open_backend(sys.argv[2])
    except ConfigurationError as error:
        print(error)
"""


@pytest.mark.parametrize(
    ("library", "name", "extra"),
    [("redis", "redis://:hunter2@host", "redis"), ("psycopg", "postgresql://u:hunter2@host/db", "postgres")],
)
def test_a_library_that_is_missing_is_an_error_with_the_command_that_installs_it(library, name, extra):
    with Child(WITHOUT, library, name) as child:
        said = child.succeed()
    assert f"pip install 'valetkey[{extra}]'" in said
    assert "hunter2" not in said
