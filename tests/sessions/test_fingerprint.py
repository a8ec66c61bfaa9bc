# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A token in a record that has no place for the token."""

import pytest

from valetkey._sessions.fingerprint import fingerprint
from valetkey.values import Secret


@pytest.mark.parametrize("text", ["access-0", "", "\ud800", "Ω"])
def test_it_says_which_token_it_is_and_nothing_of_it(text):
    assert fingerprint(Secret(text)) == fingerprint(Secret(text)) != fingerprint(Secret(f"{text}."))
    assert len(fingerprint(Secret(text))) == 16
