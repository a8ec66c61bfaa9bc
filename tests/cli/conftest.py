# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A store, a server that wants a login, and a person in front of a command line."""

import pytest

from tests.adapters.server import McpServer
from tests.cli.commands import CommandLine, with_login_page


@pytest.fixture
def valetkey(tmp_path):
    return CommandLine(tmp_path / "sessions.db")


@pytest.fixture
def server():
    with McpServer(revokes_tokens=True, offers_device_login=True, says_of_device_login={"interval": 0.1}) as running:
        yield with_login_page(running)


@pytest.fixture
def logged_in(valetkey, server):
    assert valetkey("login", server.url).code == 0
    return valetkey
