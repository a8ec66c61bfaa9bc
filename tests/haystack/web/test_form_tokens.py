# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The token of a form: of one user, for a day, the same key for all workers."""

from haystack_integrations.tools.mcp_oauth.web.form_tokens import HALF_DAY, KEY, MOST_AHEAD, FormTokens
from tests.fakes.threads import in_threads
from valetkey.store.backends.memory import MemoryStore


def test_a_token_is_right_for_its_user_at_every_worker():
    store = MemoryStore()
    token = FormTokens(store).make("alice")
    assert FormTokens(store).is_right(token, "alice")
    assert not FormTokens(store).is_right(token, "bob")
    assert not FormTokens(MemoryStore()).is_right(token, "alice")


def test_a_token_is_good_for_half_a_day_at_least_and_a_day_at_most():
    store, clock = MemoryStore(), [HALF_DAY * 10 + 1]
    forms = FormTokens(store, lambda: clock[0])
    token = forms.make("alice")
    for later, is_right in ((0, True), (HALF_DAY, True), (2 * HALF_DAY, False), (-HALF_DAY, False)):
        clock[0] = HALF_DAY * 10 + 1 + later
        assert forms.is_right(token, "alice") is is_right


def test_a_token_of_a_worker_whose_clock_is_a_little_ahead_is_right():
    store, half_day = MemoryStore(), HALF_DAY * 10
    token = FormTokens(store, lambda: half_day + 1).make("alice")
    for clock, is_right in ((half_day - 1, True), (half_day - MOST_AHEAD, True), (half_day - MOST_AHEAD - 1, False)):
        assert FormTokens(store, lambda clock=clock: clock).is_right(token, "alice") is is_right


def test_what_is_no_token_is_wrong():
    forms = FormTokens(MemoryStore())
    for text in ("", "x", "é", "\ud800", "0" * 64, forms.make("alice")[:-1]):
        assert not forms.is_right(text, "alice")


def test_workers_that_start_at_once_agree_on_one_key():
    store = MemoryStore()
    assert len(set(in_threads(8, lambda _: FormTokens(store).make("alice")))) == 1


def test_a_store_that_was_emptied_has_a_new_key_at_once():
    store = MemoryStore()
    forms = FormTokens(store)
    old = forms.make("alice")
    store.delete(KEY)
    assert not forms.is_right(old, "alice")
    assert FormTokens(store).is_right(forms.make("alice"), "alice")
