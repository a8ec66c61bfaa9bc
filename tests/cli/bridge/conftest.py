# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The server that does all, started once for all tests of the bridge."""

import pytest

from tests.cli.bridge.running import everything


@pytest.fixture(scope="session")
def shared_server():
    with everything() as running:
        yield running


@pytest.fixture
def server(shared_server):
    """The server, with an empty log, holding no call."""
    shared_server.steer("reset")
    return shared_server
