# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Our own engines under the test kit for engines, with their own leases and with those made of conditional writes."""

from functools import partial

import pytest

from tests.requirements import requirement
from valetkey.store import ANY, Conflict
from valetkey.store.cas_lease import CasLeases
from valetkey.store.kit import LEASES, PROCESSES, RECORDS, check_full_disk, check_store
from valetkey.store.kit.processes import check_stampede
from valetkey.store.memory import MemoryStore
from valetkey.store.postgres import PostgresStore
from valetkey.store.redis import RedisStore
from valetkey.store.sqlite import SqliteStore


class WithoutLeases:
    """An engine as a third party would write it: records, and leases made of them."""

    def __init__(self, engine):
        self._engine = engine
        self._leases = CasLeases(engine)
        self.get, self.put, self.delete, self.close = engine.get, engine.put, engine.delete, engine.close

    def lease(self, key, *, seconds):
        return self._leases.take(key, seconds=seconds)


def without_leases(open_engine):
    return WithoutLeases(open_engine())


@pytest.fixture
def opened(request, tmp_path):
    """What opens the engine that the test is for."""
    kind, _, leases = request.param.partition(" with ")
    if kind == "memory":
        store = MemoryStore()
        engine = lambda: store  # noqa: E731 - there is nothing more to say about it
    elif kind == "SQLite":
        engine = partial(SqliteStore, tmp_path / "valetkey" / "credentials.db")
    else:
        server = request.getfixturevalue("redis_server" if kind == "Redis" else "postgres_server")
        engine = partial(RedisStore if kind == "Redis" else PostgresStore, server.url)
    return partial(without_leases, engine) if leases else engine


SHARED = ["SQLite", "Redis", "PostgreSQL"]
ALONE = ["memory", *SHARED]
WITH = " with leases made of records"


@pytest.mark.parametrize("opened", ALONE, indirect=True)
@pytest.mark.parametrize("check", RECORDS, ids=lambda check: check.__name__)
def test_records_keep_what_they_promise(opened, check):
    check(opened)


@pytest.mark.parametrize("opened", [*ALONE, *(kind + WITH for kind in ALONE)], indirect=True)
@pytest.mark.parametrize("check", LEASES, ids=lambda check: check.__name__)
def test_leases_keep_what_they_promise(opened, check):
    check(opened)


@pytest.mark.parametrize("opened", [*SHARED, *(kind + WITH for kind in SHARED)], indirect=True)
@pytest.mark.parametrize(
    "check", [check for check in PROCESSES if check is not check_stampede], ids=lambda check: check.__name__
)
def test_processes_that_die_freeze_or_fork_break_nothing(opened, check):
    check(opened)


@pytest.mark.parametrize("opened", [*SHARED, *(kind + WITH for kind in SHARED)], indirect=True)
@requirement("REF-7")
def test_of_many_processes_one_renews(opened):
    check_stampede(opened)


def test_a_full_disk_is_an_error_and_loses_nothing(tmp_path):
    path = tmp_path / "valetkey" / "credentials.db"
    check_full_disk(partial(SqliteStore, path), path)
