# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Logins that no person looks at again: nothing of them stays in the store, on each kind of it."""

import secrets

import pytest

from tests.fakes.threads import until
from tests.fakes.world import World, a_session
from valetkey._sessions.codec import Kind, encode_members, encode_session, login_key, session_key, waiting_key
from valetkey._sessions.ended_logins import GRACE_SECONDS, SWEEP_SECONDS, EndedLogins
from valetkey._sessions.pending_codec import decode_pending, encode_pending
from valetkey._sessions.pending_logins import PendingLogins
from valetkey.login.link import LinkLogin
from valetkey.store import upkeep
from valetkey.store.backends.memory import MemoryStore
from valetkey.store.backends.postgres import PostgresStore
from valetkey.store.backends.redis import RedisStore
from valetkey.store.backends.sqlite import SqliteStore
from valetkey.store.checked import CheckedStore
from valetkey.store.encryption.encrypted import EncryptedStore, list_keys
from valetkey.store.encryption.keys import DataKey, DataKeys

WEB_APP = {"public_url": "https://bot.example.com"}


class Programs:
    """Programs of a world that begin logins for any number of users."""

    def __init__(self, store=None):
        self.world = World()
        self.store = store or self.world.store.inner
        self.login_seconds = self.world.settings().login_timeout

    def begin(self, user="alice", *, dies=False):
        changes = {"later": lambda *_: None} if dies else {}
        seams = self.world.seams(login=LinkLogin(), **changes)
        engine = self.world.engine(seams=seams, store=CheckedStore(self.store), principal=user, **WEB_APP)
        return engine, engine.begin()

    def passes(self, seconds):
        self.world.clock.time += seconds
        return self.world.tasks.run()

    def kept(self, *kinds):
        kinds = kinds or (Kind.LOGIN, Kind.WAITING)
        return sorted(key for key in list_keys(self.store) if key.partition(":")[0] in kinds)

    def keys_of(self, pending):
        return sorted([login_key(pending.id), waiting_key(self.world.settings(principal=pending.principal, **WEB_APP))])


@pytest.fixture
def programs():
    return Programs()


def test_a_login_that_no_person_looks_at_leaves_nothing_after_its_end(programs):
    _, pending = programs.begin()
    programs.passes(programs.login_seconds)
    assert programs.kept() == programs.keys_of(pending)
    programs.passes(GRACE_SECONDS)
    assert programs.kept() == []
    programs.passes(GRACE_SECONDS)
    assert len(programs.world.tasks) == 0


def test_to_begin_a_login_asks_the_store_for_nothing_more():
    world = World()
    seams = world.seams(login=LinkLogin())
    world.engine(seams=seams, **WEB_APP).begin()
    record = next(
        decode_pending(world.store.inner.get(key).value) for key in list_keys(world.store.inner) if "login:" in key
    )
    note = waiting_key(world.settings(**WEB_APP))
    world.store.calls.clear()
    PendingLogins(world.store, world.clock.now, seams.later).begin(note, record)
    own = login_key(record.id)
    assert world.store.calls == [("get", note), ("put", note), ("delete", own), ("put", own)]


def test_a_login_that_was_completed_or_has_another_after_it_is_removed_with_nothing_beside_it(programs):
    engine, pending = programs.begin()
    session = engine.complete(programs.world.server.visit(pending.authorization_url), principal="alice")
    _, first = programs.begin("bob")
    programs.passes(programs.login_seconds - 1)
    again, _ = programs.begin("bob")
    assert again.begin() == programs.begin("bob")[1] == first
    programs.passes(1)
    _, second = programs.begin("bob")
    programs.passes(GRACE_SECONDS)
    assert programs.kept() == programs.keys_of(second)
    assert engine.stored_session() == session
    programs.passes(programs.login_seconds)
    assert programs.kept() == []


def test_a_store_that_fails_is_left_as_it_is(caplog):
    programs = Programs()
    store = programs.world.store
    _, pending = programs.begin()
    logins = PendingLogins(store, programs.world.clock.now, programs.world.tasks.add)
    record, _ = logins.find(pending.id)
    logins.begin(waiting_key(record.settings), record)
    store.fails_reads = 1
    with caplog.at_level("DEBUG", "valetkey"):
        programs.passes(programs.login_seconds + GRACE_SECONDS)
    assert "not removed now" in caplog.text


@pytest.fixture(params=["sqlite", "encrypted sqlite", "redis", "postgres"])
def shared(request, tmp_path):
    """A store that processes share."""
    kind = request.param.split()[-1]
    if kind == "sqlite":
        store = SqliteStore(tmp_path / "sessions" / "credentials.db")
    else:
        url = request.getfixturevalue(f"{kind}_server").url
        store = RedisStore(url) if kind == "redis" else PostgresStore(url)
    yield Placed(EncryptedStore(store, DataKeys(DataKey(bytes(range(32)))))) if "encrypted" in request.param else store
    store.close()


class Placed:
    """An encrypted store that says where it is, as those do that are opened by name."""

    def __init__(self, inner):
        self._inner, self.place = inner, f"encrypted {secrets.token_hex(4)}"

    def __getattr__(self, name):
        return getattr(self._inner, name)


@pytest.fixture(autouse=True)
def first_look(monkeypatch):
    """The process has looked through no store yet."""
    monkeypatch.setattr("valetkey._sessions.ended_logins._swept", {})


def test_what_a_process_that_has_died_has_left_is_removed_by_another_one(shared):
    programs = Programs(shared)
    for user in ("carol", "dave"):
        programs.begin(user, dies=True)
    session = session_key(programs.world.settings(principal="erin"))
    shared.put(session, encode_session(a_session()))
    shared.put(f"{Kind.LOGIN}:damaged", b"\\x00")
    shared.put(f"{Kind.WAITING}:damaged", b"{")
    programs.begin("alice")
    programs.passes(programs.login_seconds)
    _, living = programs.begin("frank")
    before = set(programs.kept())
    assert len(before) == 10
    places = programs.passes(GRACE_SECONDS)
    assert any(place.startswith("logins in ") for place in places)
    programs.passes(GRACE_SECONDS)
    assert programs.kept() == programs.keys_of(living)
    assert shared.get(session) is not None
    programs.passes(programs.login_seconds)
    assert programs.kept() == []
    for key in list_keys(shared):
        shared.delete(key)


def test_one_process_looks_through_a_store_once_an_hour_at_most(tmp_path, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("valetkey._sessions.ended_logins.time", Time(now))
    programs = Programs(SqliteStore(tmp_path / "sessions" / "credentials.db"))

    def looks():
        programs.begin()
        places = programs.passes(programs.login_seconds + GRACE_SECONDS)
        programs.passes(GRACE_SECONDS)
        return any(place.startswith("logins in ") for place in places)

    assert [looks(), looks()] == [True, False]
    now[0] += SWEEP_SECONDS
    assert [looks(), looks()] == [True, False]


class Time:
    """The module, with a clock that is set."""

    def __init__(self, now):
        self.monotonic = lambda: now[0]


def test_a_note_whose_login_is_just_being_written_stays(tmp_path):
    programs = Programs(SqliteStore(tmp_path / "sessions" / "credentials.db"))
    _, pending = programs.begin("bob", dies=True)
    key, note = programs.keys_of(pending)
    record = programs.store.get(key)
    programs.begin("alice")
    programs.world.clock.time += programs.login_seconds + GRACE_SECONDS
    later = decode_pending(record.value)
    programs.store.delete(key)  # the other process has written the note, and not yet the login
    programs.world.tasks.run()
    assert programs.kept() == [note]
    programs.store.put(key, encode_pending(later))
    programs.passes(GRACE_SECONDS)
    assert programs.kept() == [key, note]


def test_a_record_of_a_newer_version_and_a_note_that_is_written_meanwhile_stay(tmp_path, caplog):
    programs = Programs(SqliteStore(tmp_path / "sessions" / "credentials.db"))
    newer, note = f"{Kind.LOGIN}:newer", f"{Kind.WAITING}:note"
    programs.store.put(note, encode_members(Kind.WAITING, {"login": "of-a-dead-process"}))
    programs.begin("alice")
    programs.passes(programs.login_seconds + GRACE_SECONDS)
    programs.store.put(note, encode_members(Kind.WAITING, {"login": "of-another"}))
    programs.passes(GRACE_SECONDS)
    assert programs.kept() == [note]
    programs.store.put(newer, b'{"format": 99, "kind": "login"}')
    with caplog.at_level("DEBUG", "valetkey"):
        EndedLogins(programs.store, programs.world.clock.now, programs.world.tasks.add)._sweep_now_and_then()
        programs.world.tasks.run()
    assert programs.kept() == [newer, note]


def test_a_store_that_lists_no_keys_is_looked_through_by_none():
    class Plain(MemoryStore):
        keys = None

    programs = Programs(Plain())
    programs.begin()
    places = programs.passes(programs.login_seconds + GRACE_SECONDS)
    assert places == ["memory:"]
    assert len(programs.world.tasks) == 0


def test_without_another_way_the_thread_that_keeps_stores_up_does_it():
    """The one that extends leases; it holds up no caller and no end of the process."""
    programs = Programs()
    _, pending = programs.begin("alice", dies=True)
    programs.world.clock.time += programs.login_seconds + GRACE_SECONDS
    record = decode_pending(programs.store.get(login_key(pending.id)).value)
    clock = programs.world.clock

    class Soon(EndedLogins):
        def remove_later(self, waiting, record):
            self._later(0.0, lambda: self._remove(waiting, record.id), "")

    ended = Soon(programs.store, clock.now, None)
    assert ended._later is upkeep.later
    ended.remove_later(waiting_key(record.settings), record)
    until(lambda: programs.kept() == [])
