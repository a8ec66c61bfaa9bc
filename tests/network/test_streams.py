# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Connections that end where the standard library would go on."""

import ssl

import httpcore2
import pytest

from tests.network.server import ended_connection
from tests.requirements import requirement
from valetkey._network.clock import ExchangeClock
from valetkey._network.streams import TimedStream


@pytest.fixture
def clock():
    clock = ExchangeClock()
    clock.start(10.0)
    return clock


@requirement("SEC-10")
def test_without_a_handshake_there_is_no_tls(clock):
    with ended_connection() as ended, pytest.raises(httpcore2.ConnectError, match="before the TLS handshake"):
        TimedStream(ended, clock).start_tls(ssl.create_default_context(), "as.example")


@pytest.mark.parametrize("name", [".as.example", "as..example", f"{'a' * 64}.example"])
def test_a_name_that_none_can_have_gets_no_handshake_and_no_open_socket(clock, name):
    with ended_connection() as connection, pytest.raises(httpcore2.ConnectError):
        TimedStream(connection, clock).start_tls(ssl.create_default_context(), name)
    assert connection.fileno() == -1
