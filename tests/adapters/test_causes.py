# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What stands behind an error: members of groups, causes, and what it was raised over."""

import pytest

from valetkey._adapters.causes import errors_behind

REASON = OSError("the reason")


def raised(error, *, over=None, **cause):
    """An error as Python makes it: over another one, and from a cause, or None, if one is given."""
    error.__context__ = over
    if cause:
        error.__cause__ = cause["cause"]
    return error


@pytest.mark.parametrize("also_hidden", [False, True])
@pytest.mark.parametrize(
    "error",
    [
        REASON,
        raised(RuntimeError("from"), cause=REASON),
        raised(RuntimeError("over"), over=REASON),
        ExceptionGroup("a group", [ValueError("other"), REASON]),
        ExceptionGroup("outer", [ExceptionGroup("inner", [raised(RuntimeError("over"), over=REASON)])]),
        raised(ExceptionGroup("a group", [ValueError("other")]), cause=REASON),
    ],
    ids=repr,
)
def test_the_reason_is_found_however_it_is_wrapped(error, also_hidden):
    assert REASON in list(errors_behind(error, also_hidden=also_hidden))


def test_what_from_none_hides_is_found_where_it_is_asked_for():
    error = raised(RuntimeError("from None"), over=REASON, cause=None)
    assert list(errors_behind(error)) == [error]
    assert list(errors_behind(error, also_hidden=True)) == [error, REASON]


@pytest.mark.parametrize("also_hidden", [False, True])
def test_a_cause_comes_in_the_place_of_what_the_error_was_raised_over(also_hidden):
    error = raised(RuntimeError("both"), over=ValueError("met meanwhile"), cause=REASON)
    assert list(errors_behind(error, also_hidden=also_hidden)) == [error, REASON]


def test_the_nearest_comes_first_and_each_once():
    first, second = ValueError("first"), raised(ValueError("second"), cause=REASON)
    group = raised(ExceptionGroup("a group", [first, second, REASON]), cause=second)
    assert list(errors_behind(group)) == [group, first, second, REASON]


def test_a_circle_ends():
    first, second = RuntimeError("first"), RuntimeError("second")
    first.__cause__, second.__cause__ = second, first
    assert list(errors_behind(first)) == [first, second]
