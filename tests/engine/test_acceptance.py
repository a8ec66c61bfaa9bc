# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What is remembered of the token that was sent last."""

from dataclasses import replace

from tests.fakes.world import a_session
from valetkey._engine.acceptance import Acceptance

ONE, OTHER = a_session("one").token, a_session("other").token


def test_of_a_token_that_was_never_sent_nothing_is_known():
    acceptance = Acceptance()
    assert (acceptance.since(ONE), acceptance.was_rejected(ONE)) == (None, False)


def test_the_first_time_that_a_token_was_accepted_counts_also_for_a_copy_from_the_store():
    acceptance, copy = Acceptance(), replace(ONE)
    acceptance.accept(ONE, 1.0)
    acceptance.accept(copy, 2.0)
    assert acceptance.token is copy
    assert (acceptance.since(ONE), acceptance.since(OTHER)) == (1.0, None)
    acceptance.accept(OTHER, 3.0)
    assert (acceptance.since(ONE), acceptance.since(OTHER)) == (None, 3.0)


def test_a_token_that_was_rejected_when_it_was_new_stays_rejected():
    acceptance = Acceptance()
    acceptance.reject(ONE)
    acceptance.accept(ONE, 1.0)
    assert (acceptance.since(ONE), acceptance.was_rejected(ONE), acceptance.was_rejected(OTHER)) == (None, True, False)


def test_a_token_that_was_accepted_before_was_not_rejected_when_it_was_new():
    acceptance = Acceptance()
    acceptance.accept(ONE, 1.0)
    acceptance.reject(ONE)
    assert (acceptance.since(ONE), acceptance.was_rejected(ONE)) == (1.0, False)
