# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How much of a long list is asked, and how much of a long record is told."""

from valetkey._policy.discovery_limits import DiscoveryLimits, first_of


def test_a_short_record_is_told_as_it_is():
    assert DiscoveryLimits().tried(["one", "two"]) == ("one", "two")


def test_a_long_record_is_told_in_part():
    """Row I3."""
    assert DiscoveryLimits(lines=2).tried(["one", "two", "three", "four"]) == ("one", "two", "and 2 more")


def test_a_long_line_is_cut():
    """Row I3."""
    assert DiscoveryLimits(longest_line=3).tried(["abc", "abcd"]) == ("abc", "abc...")


def test_the_first_places_are_asked_and_the_others_are_counted():
    """Row I3."""
    assert first_of(["a", "b", "c"], 2) == (("a", "b"), 1)
    assert first_of(["a"], 2) == (("a",), 0)


def test_the_requests_of_one_attempt_are_more_than_the_other_limits_leave():
    limits = DiscoveryLimits()
    places_of_an_issuer, own_places = 3, 3
    assert limits.requests > limits.announced + own_places + limits.redirects + places_of_an_issuer * limits.issuers
