# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""No thread waits for a login with a link."""

import pytest

from valetkey.errors import LoginRequired
from valetkey.login.link import LinkLogin


def test_no_thread_waits_for_it():
    with pytest.raises(LoginRequired, match="no thread waits for it") as caught:
        LinkLogin().open(None, fixed=False)
    assert caught.value.hint == "Call begin() and complete()."
