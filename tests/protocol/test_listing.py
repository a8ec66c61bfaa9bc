# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A list that a server sent, in the words of an error."""

import pytest

from valetkey.protocol.listing import listed


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        ((), ""),
        (("a",), '"a"'),
        (("a", "b", "c"), '"a", "b", "c"'),
        (("a", "b", "c", "d"), '"a", "b", "c" and 1 more'),
        (("x",) * 100_000, '"x", "x", "x" and 99,997 more'),
    ],
)
def test_the_first_few_are_quoted_and_the_others_are_counted(texts, told):
    """Row I3."""
    assert listed(texts) == told
