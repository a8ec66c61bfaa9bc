# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Parts that are made with their first use, once for all threads and without a lock."""

import threading

import pytest

from tests.fakes.threads import LONGEST_WAIT, in_background
from valetkey.made_once import made_once


class House:
    """Has a part that is made as a test wants it."""

    def __init__(self, make=object):
        self.make = make

    @made_once
    def part(self):
        return self.make()


def test_a_part_is_made_with_its_first_use_and_stays():
    made = []
    house = House(lambda: made.append("part") or object())
    assert made == []
    assert house.part is house.part
    assert made == ["part"]


def test_every_object_has_a_part_of_its_own():
    assert House().part is not House().part


def test_threads_that_use_a_part_first_at_the_same_time_get_the_same_one():
    both = threading.Barrier(2)

    def make():
        both.wait(LONGEST_WAIT)  # passed only if both threads make one
        return object()

    house = House(make)
    other = in_background(lambda: house.part)
    assert house.part is other.result(LONGEST_WAIT)


def test_a_part_that_cannot_be_made_is_tried_again():
    parts = []
    house = House(parts.pop)
    with pytest.raises(IndexError):
        _ = house.part
    parts.append("part")
    assert house.part == "part"


def test_who_uses_a_part_waits_for_no_other_thread_that_makes_it():
    """In a forked child that other thread is not there and would never be done."""
    makes, is_made = threading.Event(), threading.Event()

    def make():
        if threading.current_thread() is not threading.main_thread():
            makes.set()
            is_made.wait(LONGEST_WAIT)
        return object()

    house = House(make)
    other = in_background(lambda: house.part)
    assert makes.wait(LONGEST_WAIT)
    part = house.part
    is_made.set()
    assert other.result(LONGEST_WAIT) is part
