# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The logins that wait in a store, when other programs write at the same moment."""

from dataclasses import replace

import pytest

from tests.fakes.world import World
from valetkey._sessions.codec import login_key, waiting_key
from valetkey._sessions.pending_codec import decode_pending
from valetkey._sessions.pending_logins import PendingLogins
from valetkey.errors import StoreError
from valetkey.login.link import LinkLogin
from valetkey.values import Secret

WEB_APP = {"public_url": "https://bot.example.com"}


class Waiting:
    """A store with a login that waits in it."""

    def __init__(self):
        self.world = World()
        engine = self.world.engine(seams=self.world.seams(login=LinkLogin()), **WEB_APP)
        self.id = engine.begin().id
        self.note = waiting_key(self.world.settings(**WEB_APP))
        self.store = self.world.store
        self.logins = PendingLogins(self.store, self.world.clock.now)
        self.record, self.version = self.logins.find(self.id)

    def another(self, state="another"):
        return replace(self.record, request=replace(self.record.request, state=Secret(state)))


@pytest.fixture
def waiting():
    return Waiting()


def test_a_new_login_takes_the_place_of_the_one_before(waiting):
    waiting.logins.begin(waiting.note, waiting.another())
    assert waiting.logins.of_session(waiting.note) == waiting.another()
    assert waiting.logins.find(waiting.id) is None


def test_two_that_begin_at_once_leave_one_login(waiting):
    waiting.store.before_write[waiting.note] = lambda: waiting.logins.begin(waiting.note, waiting.another("first"))
    waiting.logins.begin(waiting.note, waiting.another("second"))
    assert waiting.logins.of_session(waiting.note) == waiting.another("second")
    assert waiting.logins.find(waiting.another("first").id) is None


def test_a_store_that_is_always_in_conflict_is_told(waiting):
    def once_more():
        waiting.store.inner.put(waiting.note, waiting.store.inner.get(waiting.note).value)
        waiting.store.before_write[waiting.note] = once_more

    once_more()
    with pytest.raises(StoreError, match="a conflict at every write"):
        waiting.logins.begin(waiting.note, waiting.another())


def test_a_login_that_was_claimed_is_not_claimed_again(waiting):
    version = waiting.logins.claim(waiting.record, waiting.version)
    assert waiting.logins.claim(waiting.record, waiting.version) is None
    claimed, now = waiting.logins.find(waiting.id)
    assert (now, claimed.claimed_at) == (version, waiting.world.clock.time)
    assert waiting.logins.claim(claimed, now) is None


def test_what_is_given_back_can_be_claimed_unless_another_program_has_it(waiting):
    version = waiting.logins.claim(waiting.record, waiting.version)
    waiting.logins.give_back(waiting.record, version)
    record, again = waiting.logins.find(waiting.id)
    assert waiting.logins.claim(record, again) is not None
    waiting.logins.give_back(waiting.record, again)  # too late, and no error
    assert waiting.logins.find(waiting.id)[0].claimed_at is not None


def test_a_record_that_changes_while_it_is_cleaned_up_stays(waiting):
    waiting.world.clock.time = waiting.record.ends_at
    key = login_key(waiting.id)
    waiting.store.before_write[key] = lambda: waiting.store.inner.put(key, waiting.store.inner.get(key).value)
    assert waiting.logins.find(waiting.id) is None
    assert decode_pending(waiting.store.inner.get(key).value) == waiting.record


def test_the_note_of_another_login_stays(waiting):
    waiting.store.before_write[waiting.note] = lambda: waiting.logins.begin(waiting.note, waiting.another())
    assert waiting.logins.end(waiting.note, waiting.id)
    assert waiting.logins.of_session(waiting.note) == waiting.another()
    assert not waiting.logins.end(waiting.note, waiting.id)
    assert waiting.logins.of_session(waiting.note) == waiting.another()


@pytest.mark.parametrize(
    "note", [b"{", b'{"format": 2, "kind": "waiting"}', b'{"format": 2, "kind": "waiting", "login": 5}']
)
def test_a_note_that_names_nothing_is_written_over(waiting, note):
    waiting.store.inner.put(waiting.note, note)
    assert waiting.logins.of_session(waiting.note) is None
    waiting.logins.end_of_session(waiting.note)
    waiting.logins.begin(waiting.note, waiting.another())
    assert waiting.logins.of_session(waiting.note) == waiting.another()
