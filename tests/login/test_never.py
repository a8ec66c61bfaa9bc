# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A login that asks no person."""

import pytest

from tests.fakes.auditing import audited
from tests.requirements import requirement
from valetkey.errors import LoginFailed, LoginRequired
from valetkey.login.never import NeverLogin


@requirement("AUT-17")
@pytest.mark.parametrize("address", [None, "http://127.0.0.1:8080/callback"])
@pytest.mark.parametrize("fixed", [True, False])
def test_it_fails_at_once_and_says_what_to_do(address, fixed):
    with audited("socket.bind", "subprocess.Popen") as events, pytest.raises(LoginRequired) as caught:
        NeverLogin().open(address, fixed=fixed)
    assert not isinstance(caught.value, LoginFailed)  # no person was asked
    assert str(caught.value) == (
        'The MCP server needs a person to log in, and login="never" asks none. '
        "Log in once in a program that may ask a person, with the same session store, then try again; "
        'or use the credentials of a machine, or login="link" with public_url in a web app.'
    )
    assert caught.value.authorization_url is None
    assert events == []


@requirement("AUT-17")
def test_nobody_is_asked_on_another_device_either():
    with pytest.raises(LoginRequired, match='login="never" asks none'):
        NeverLogin().open_device()
