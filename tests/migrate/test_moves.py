# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Moving a store: nothing is lost, whatever ends it and whoever writes meanwhile."""

from functools import partial
from itertools import pairwise

import pytest

from tests.fakes.seams import Clock, RecordingStore
from tests.fakes.world import World, a_session
from valetkey._sessions.codec import session_key
from valetkey.errors import ConfigurationError, StoreError, TemporaryError
from valetkey.migrate import move_store
from valetkey.migrate.moves import move_records
from valetkey.store.backends.memory import MemoryStore
from valetkey.store.backends.postgres import PostgresStore
from valetkey.store.backends.redis import RedisStore
from valetkey.store.backends.sqlite import SqliteStore
from valetkey.store.encryption.encrypted import EncryptedStore, list_keys
from valetkey.store.encryption.keys import DataKey, DataKeys

RECORDS = {"session:1": b"one", "session:2": b"two", "client:1": b"three", "session:1:intent": b""}


class Listed(RecordingStore):
    """A store that writes down what is asked of it, and can list its keys."""

    def keys(self):
        return self.inner.keys()


class Plain:
    """What reads a store as it is, under another name."""

    def __init__(self, inner):
        self.get = inner.get


def filled(store):
    for key, value in RECORDS.items():
        store.put(key, value)
    return store


def contents(store):
    return {key: store.get(key).value for key in list_keys(store)}


@pytest.fixture
def source():
    return filled(Listed())


@pytest.fixture
def target():
    return Listed()


def test_everything_is_in_the_new_store_and_nothing_in_the_old_one(source, target):
    assert move_records(source, target) == len(RECORDS)
    assert (contents(source), contents(target)) == ({}, RECORDS)


def test_a_record_is_deleted_only_after_it_was_written_and_read_back(source, target):
    steps = []
    for name, store in {"old": source, "new": target}.items():
        store.calls = Steps(steps, name)
    move_records(source, target)
    for key in RECORDS:
        mine = [step for step, of in steps if of == key]
        assert mine[-3:] == ["new put", "new get", "old delete"]


class Steps(list):
    def __init__(self, steps, name):
        super().__init__()
        self._steps, self._name = steps, name

    def append(self, call):
        self._steps.append((f"{self._name} {call[0]}", call[1]))


def test_every_engine_takes_everything_from_every_other(tmp_path, redis_server, postgres_server):
    backends = [
        filled(SqliteStore(tmp_path / "old.db")),
        RedisStore(redis_server.url),
        EncryptedStore(SqliteStore(tmp_path / "new.db"), DataKeys(DataKey.random())),
        PostgresStore(postgres_server.url),
        MemoryStore(),
    ]
    for server in backends[1:]:
        for key in list_keys(server):  # what other tests have left there
            server.delete(key)
    for source, target in pairwise(backends):
        assert move_records(source, target) == len(RECORDS)
        assert (contents(source), contents(target)) == ({}, RECORDS)
    for backend in backends:
        backend.close()


def test_a_copy_leaves_the_old_store_as_it_is(source, target):
    assert move_records(source, target, delete=False) == len(RECORDS)
    assert contents(source) == contents(target) == RECORDS


def test_an_empty_store_is_moved_at_once(target):
    assert move_records(MemoryStore(), target) == 0


@pytest.mark.parametrize("failing", ["fails_writes", "fails_deletes", "fails_reads"])
@pytest.mark.parametrize("which", ["source", "target"])
def test_wherever_a_move_breaks_off_another_one_completes_it(source, target, failing, which):
    store = {"source": source, "target": target}[which]
    for after in range(12):
        setattr(store, failing, 0)
        store.before_write = {list(RECORDS)[after % 4]: partial(setattr, store, failing, 1)}
        try:
            move_records(source, target)
        except StoreError:
            merged = {**contents(source.inner), **contents(target.inner)}
            assert merged == RECORDS
            move_records(source, target)
        assert (contents(source.inner), contents(target.inner)) == ({}, RECORDS)
        for key in list_keys(target):
            target.inner.delete(key)
        filled(source.inner)


def test_a_move_that_ended_before_the_deletion_goes_on(source, target):
    target.put("session:1", b"one")
    assert move_records(source, target) == len(RECORDS)
    assert (contents(source), contents(target)) == ({}, RECORDS)


def test_other_records_in_the_new_store_stop_the_move_before_it_begins(source, target):
    target.put("session:2", b"newer")
    with pytest.raises(ConfigurationError, match="1 of the records"):
        move_records(source, target)
    assert (contents(source), contents(target)) == (RECORDS, {"session:2": b"newer"})


def test_other_records_in_the_new_store_are_written_over_on_demand(source, target):
    target.put("session:2", b"newer")
    assert move_records(source, target, overwrite=True) == len(RECORDS)
    assert (contents(source), contents(target)) == ({}, RECORDS)


def test_a_record_that_appears_in_the_new_store_meanwhile_stays_there(source, target):
    target.before_write["session:2"] = partial(target.inner.put, "session:2", b"from a login there")
    with pytest.raises(ConfigurationError):
        move_records(source, target)
    assert source.get("session:2").value == b"two"
    assert target.get("session:2").value == b"from a login there"


@pytest.mark.parametrize("name", ["two names", "one object", "wrapped"])
def test_a_store_is_not_moved_onto_itself(tmp_path, name):
    """What is there already would be taken for what an earlier move has brought, and deleted."""
    one, other = (filled(SqliteStore(tmp_path / "s" / "c.db")), SqliteStore(tmp_path / "s" / ".." / "s" / "c.db"))
    target = {"two names": other, "one object": one, "wrapped": Plain(other)}[name]
    with pytest.raises(ConfigurationError, match="same store"):
        move_records(one, target)
    assert contents(one) == RECORDS


def test_a_renewal_that_is_under_way_is_waited_for(source, target):
    clock, lease = Clock(), source.lease("client:1", seconds=20)

    def pause(seconds):
        clock.pause(seconds)
        if len(clock.pauses) == 5:
            source.inner.put("client:1", b"renewed")
            lease.release()

    assert move_records(source, target, pause=pause, monotonic=clock.now) == len(RECORDS)
    assert target.get("client:1").value == b"renewed"


def test_a_program_that_is_busy_for_too_long_stops_the_move_where_it_is(source, target):
    clock = Clock()
    with source.lease("session:1", seconds=20), pytest.raises(TemporaryError, match="1 of 4"):
        move_records(source, target, pause=clock.pause, monotonic=clock.now)
    assert {**contents(source), **contents(target)} == RECORDS
    move_records(source, target)
    assert (contents(source), contents(target)) == ({}, RECORDS)


def test_no_renewal_can_begin_while_a_record_is_moved(source, target):
    held = []
    for key in RECORDS:
        target.before_write[key] = lambda key=key: held.append(source.lease(key, seconds=20))
    move_records(source, target)
    assert held == [None] * len(RECORDS)


def test_who_writes_without_the_lease_is_moved_too(source, target):
    source.before_write["session:1"] = partial(source.inner.put, "session:1", b"at the last moment")
    move_records(source, target)
    assert target.get("session:1").value == b"at the last moment"
    assert contents(source) == {}


def test_who_logs_out_meanwhile_is_logged_out(source, target):
    source.before_write["session:1"] = partial(source.inner.delete, "session:1")
    assert move_records(source, target) == len(RECORDS) - 1
    assert "session:1" not in target.keys() + source.keys()


def test_a_record_that_is_gone_before_its_turn_is_not_counted(source, target):
    target.before_write["client:1"] = partial(source.inner.delete, "session:2")
    assert move_records(source, target) == len(RECORDS) - 1


def test_a_new_store_that_forgets_what_it_gets_costs_nothing(source):
    class Forgetful(Listed):
        def put(self, key, value, *, if_version):
            return super().put(key, value[:1] + b"?", if_version=if_version)

    with pytest.raises(StoreError, match="does not give back"):
        move_records(source, Forgetful())
    assert contents(source) == RECORDS


def test_the_leases_that_an_engine_keeps_among_its_records_stay_behind(source, target):
    source.put("session:1:lease", b"somebody")
    move_records(source, target)
    assert contents(target) == RECORDS


def test_a_store_that_cannot_list_its_records_says_so(target):
    with pytest.raises(StoreError, match="cannot list"):
        move_records(RecordingStore(), target)


def test_a_session_goes_on_in_the_file_it_was_moved_to(tmp_path):
    world = World()
    world.keep(a_session("moved"))
    kept = world.store.inner.get(session_key(world.settings()))
    old = SqliteStore(tmp_path / "old.db")
    old.put(session_key(world.settings()), kept.value)
    assert move_store(f"sqlite:///{tmp_path}/old.db", f"sqlite:///{tmp_path}/new.db") == 1
    world.store.inner = SqliteStore(tmp_path / "new.db")
    assert world.engine().current().access_token.reveal() == "moved"
    assert old.keys() == []
