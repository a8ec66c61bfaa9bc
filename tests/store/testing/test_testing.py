# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Our own backends under the checks for backends, with their own leases and with those of conditional writes."""

import random
import secrets
import time
from functools import partial

import pytest

from tests.requirements import requirement
from valetkey.store import ABSENT, ANY, Conflict, is_met
from valetkey.store.backends.memory import MemoryStore
from valetkey.store.backends.postgres import PostgresStore
from valetkey.store.backends.redis import RedisStore
from valetkey.store.backends.sqlite import SqliteStore
from valetkey.store.leases.cas_lease import CasLeases
from valetkey.store.testing import LEASES, PROCESSES, RECORDS, check_full_disk, check_store
from valetkey.store.testing.processes import check_killed_holder, check_killed_writer, check_stampede


class WithoutLeases:
    """A backend as a third party would write it: records, and leases made of them."""

    def __init__(self, backend):
        self._backend = backend
        self._leases = CasLeases(backend)
        self.get, self.put, self.delete, self.close = backend.get, backend.put, backend.delete, backend.close

    def lease(self, key, *, seconds):
        return self._leases.take(key, seconds=seconds)


def without_leases(open_backend):
    return WithoutLeases(open_backend())


@pytest.fixture
def opened(request, tmp_path):
    """The function that opens the backend under test."""
    kind, _, leases = request.param.partition(" with ")
    if kind == "memory":
        store = MemoryStore()
        backend = lambda: store  # noqa: E731 - there is nothing more to say about it
    elif kind == "SQLite":
        backend = partial(SqliteStore, tmp_path / "valetkey" / "credentials.db")
    else:
        server = request.getfixturevalue("redis_server" if kind == "Redis" else "postgres_server")
        backend = partial(RedisStore if kind == "Redis" else PostgresStore, server.url)
    return partial(without_leases, backend) if leases else backend


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


class Careless(MemoryStore):
    """Writes whatever version is there."""

    def put(self, key, value, *, if_version=ANY):
        return super().put(key, value)


class Overwriting(MemoryStore):
    """Takes "nothing may be there" for no condition."""

    def put(self, key, value, *, if_version=ANY):
        return super().put(key, value, if_version=ANY if if_version is ABSENT else if_version)


class Refusing(MemoryStore):
    """Looks for a version that is called "absent"."""

    def put(self, key, value, *, if_version=ANY):
        return super().put(key, value, if_version="absent" if if_version is ABSENT else if_version)


class DeletingAnything(MemoryStore):
    """Deletes what is there, although nothing was to be there."""

    def delete(self, key, *, if_version=ANY):
        return super().delete(key, if_version=ANY if if_version is ABSENT else if_version)


class Guessing(MemoryStore):
    """Takes None for "nothing may be there"."""

    def put(self, key, value, *, if_version=ANY):
        return super().put(key, value, if_version=ABSENT if if_version is None else if_version)


class GuessingLater(MemoryStore):
    """Takes None for no condition where it deletes."""

    def delete(self, key, *, if_version=ANY):
        return super().delete(key, if_version=ANY if if_version is None else if_version)


class Recounting(MemoryStore):
    """Its versions are numbers that begin again after a deletion."""

    def put(self, key, value, *, if_version=ANY):
        super().put(key, value, if_version=if_version)
        with self._lock:
            self._count = {**getattr(self, "_count", {})}
            self._count[key] = self._count.get(key, 0) + 1
            self._records[key] = self._records[key]._replace(version=str(self._count[key]))
            return str(self._count[key])

    def delete(self, key, *, if_version=ANY):
        is_done = super().delete(key, if_version=if_version)
        getattr(self, "_count", {}).pop(key, None)
        return is_done


class Folding(MemoryStore):
    """Its keys are those of a file system that knows no case."""

    def get(self, key):
        return super().get(key.lower())

    def put(self, key, value, *, if_version=ANY):
        return super().put(key.lower(), value, if_version=if_version)

    def delete(self, key, *, if_version=ANY):
        return super().delete(key.lower(), if_version=if_version)


class Textual(MemoryStore):
    """Takes values for text."""

    def put(self, key, value, *, if_version=ANY):
        return super().put(key, value.decode(errors="replace").encode(), if_version=if_version)


class Deleting(MemoryStore):
    """Deletes whatever version is there."""

    def delete(self, key, *, if_version=ANY):
        return super().delete(key)


class Racing(MemoryStore):
    """Looks first and writes afterwards."""

    def put(self, key, value, *, if_version=ANY):
        record = self.get(key)
        if not is_met(if_version, record.version if record else None):
            raise Conflict(key)
        time.sleep(0.01)
        return super().put(key, value)


class Generous(MemoryStore):
    """Gives a lease to everybody."""

    def lease(self, key, *, seconds):
        return super().lease(f"{key}{random.random()}", seconds=seconds)


class Stingy(MemoryStore):
    """Never takes a lease back."""

    def lease(self, key, *, seconds):
        lease = super().lease(key, seconds=seconds)
        if lease is not None:
            lease._store.__dict__.setdefault("kept", []).append(lease)
            lease.release = lambda: None
        return lease


class Blind(MemoryStore):
    """Releases a lease without asking who holds it."""

    def lease(self, key, *, seconds):
        lease = super().lease(key, seconds=seconds)
        if lease is not None:
            lease.release = lambda: self._release(key)
        return lease


class Single(MemoryStore):
    """Has one lease for everything."""

    def lease(self, key, *, seconds):
        return super().lease("", seconds=seconds)


class Marking(MemoryStore):
    """Keeps its leases where records belong."""

    def lease(self, key, *, seconds):
        lease = super().lease(key, seconds=seconds)
        if lease is not None:
            self.put(key, b"leased")
        return lease


BROKEN_WRITES = [Careless, Overwriting, Refusing, Guessing, Recounting, Folding, Textual, Racing]
BROKEN_DELETIONS = [Deleting, DeletingAnything, GuessingLater]
BROKEN_LEASES = [Generous, Stingy, Blind, Single, Marking]


@pytest.mark.parametrize("broken", [*BROKEN_WRITES, *BROKEN_DELETIONS, *BROKEN_LEASES])
def test_the_checks_find_a_broken_backend(broken):
    store = broken()
    with pytest.raises(AssertionError):
        check_store(lambda: store, is_shared=False)


class CarelessFile(SqliteStore):
    """Its leases are everybody's, and it writes whatever version is there."""

    def lease(self, key, *, seconds):
        return super().lease(f"{key}{random.random()}", seconds=seconds)

    def put(self, key, value, *, if_version=ANY):
        return super().put(key, value)


class ForgetfulFile(SqliteStore):
    """It says that it has written before it has, and is killed in between."""

    def put(self, key, value, *, if_version=ANY):
        return secrets.token_hex(8)


@pytest.mark.parametrize(
    ("broken", "check"),
    [(CarelessFile, check_stampede), (CarelessFile, check_killed_holder), (ForgetfulFile, check_killed_writer)],
)
def test_the_checks_find_what_is_broken_among_processes(broken, check, tmp_path):
    with pytest.raises(AssertionError):
        check(partial(broken, tmp_path / "valetkey" / "credentials.db"))


def test_a_store_in_memory_passes_as_a_whole():
    store = MemoryStore()
    check_store(lambda: store, is_shared=False)
