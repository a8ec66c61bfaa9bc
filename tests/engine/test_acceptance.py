# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What is remembered of the token that was sent last."""

from dataclasses import replace

from tests.fakes.seams import Clock
from tests.fakes.world import a_session
from valetkey._engine.acceptance import Acceptance

ONE, OTHER = a_session("one").token, a_session("other").token
CLOCK = Clock()


def test_of_a_token_that_was_never_sent_nothing_is_known():
    acceptance = Acceptance(CLOCK.now)
    assert (acceptance.since(ONE), acceptance.was_rejected(ONE)) == (None, False)


def test_the_first_time_that_a_token_was_accepted_counts_also_for_a_copy_from_the_store():
    acceptance, copy = Acceptance(CLOCK.now), replace(ONE)
    CLOCK.time = 1.0
    acceptance.accept(ONE)
    CLOCK.time = 2.0
    acceptance.accept(copy)
    assert acceptance.token is copy
    assert (acceptance.since(ONE), acceptance.since(OTHER)) == (1.0, None)
    CLOCK.time = 3.0
    acceptance.accept(OTHER)
    assert (acceptance.since(ONE), acceptance.since(OTHER)) == (None, 3.0)


def test_a_token_that_was_rejected_when_it_was_new_stays_rejected():
    acceptance = Acceptance(CLOCK.now)
    acceptance.reject(ONE)
    CLOCK.time = 1.0
    acceptance.accept(ONE)
    assert (acceptance.since(ONE), acceptance.was_rejected(ONE), acceptance.was_rejected(OTHER)) == (None, True, False)


def test_a_token_that_was_accepted_before_was_not_rejected_when_it_was_new():
    acceptance = Acceptance(CLOCK.now)
    CLOCK.time = 1.0
    acceptance.accept(ONE)
    acceptance.reject(ONE)
    assert (acceptance.since(ONE), acceptance.was_rejected(ONE)) == (1.0, False)
