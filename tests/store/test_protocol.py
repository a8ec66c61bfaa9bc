# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a record shows of itself."""

import copy
import pickle

import pytest

from valetkey.store import Record

RECORD = Record(b'{"access_token": "canary"}', "7")


@pytest.mark.parametrize("shown", [repr, str, "{}".format, "{!r}".format, lambda record: repr([record])])
def test_a_record_that_is_shown_tells_nothing_of_its_value(shown):
    """A program that writes down what its store gives, or the local variables of an error, writes down no token."""
    assert "canary" not in shown(RECORD)
    assert "Record(26 bytes, version='7')" in shown(RECORD)


def test_a_record_is_a_pair_as_before():
    assert RECORD == (b'{"access_token": "canary"}', "7")
    assert pickle.loads(pickle.dumps(RECORD)) == copy.copy(RECORD) == RECORD  # noqa: S301
