# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Discovery over a real network: whose certificate does not prove who it is has nothing to say about a login."""

import gzip
import json
import socket
from contextlib import suppress

import pytest

from tests.fakes.threads import in_background
from tests.network.certificates import make_certificates
from tests.network.server import WireServer, answer
from tests.requirements import requirement
from tests.servers.process import free_port
from valetkey._discovery.discovery import discover
from valetkey._network.guard import Guard
from valetkey._network.sender import HttpSender
from valetkey.errors import MalformedDocument, TemporaryError
from valetkey.settings.settings import Settings


@requirement("PRM-14", "SEC-10")
@pytest.mark.parametrize("name", ["self-signed", "expired", "elsewhere", "good"])
def test_metadata_is_read_from_nobody_without_a_certificate_of_a_known_authority(name, tmp_path):
    """Even the good one is of an authority that nobody here knows."""
    certificates = make_certificates(tmp_path)
    with WireServer(lambda peer: peer.send(answer()), tls=certificates.context(name)) as server:
        settings = Settings(url=f"https://127.0.0.1:{server.port}/mcp")
        with pytest.raises(TemporaryError, match="does not prove with a certificate who it is"):
            discover(settings, None, HttpSender(Guard(settings.server_url)))
    assert server.requests == []


@pytest.mark.parametrize("document", ["resource", "server"])
def test_a_server_that_is_down_is_named_with_the_cause_and_not_by_its_last_document(document):
    """Row F6."""
    down = f"http://127.0.0.1:{free_port()}"
    with WireServer(lambda peer: peer.send(answer(body=metadata))) as server:
        metadata = json.dumps({"resource": server.url, "authorization_servers": [f"{down}/tenant"]}).encode()
        settings = Settings(url=server.url if document == "server" else f"{down}/mcp")
        with pytest.raises(TemporaryError) as caught:
            discover(settings, None, HttpSender(Guard(settings.server_url)))
    who = f'The authorization server "{down}/tenant"' if document == "server" else f"The MCP server {down}/mcp"
    assert caught.value.message == f"{who} cannot be reached: connection refused."
    assert len(caught.value.tried) in (2, 3)


def answer_without_tls(listener):
    with suppress(OSError):  # it is closed
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(answer("400 Bad Request"))


def test_a_server_without_tls_is_told_apart_from_a_network_that_fails():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        in_background(lambda: answer_without_tls(listener))
        settings = Settings(url=f"https://127.0.0.1:{listener.getsockname()[1]}/mcp")
        with pytest.raises(TemporaryError, match="does not speak TLS") as caught:
            discover(settings, None, HttpSender(Guard(settings.server_url)))
        listener.shutdown(socket.SHUT_RDWR)
    assert "begin its URL with http://" in caught.value.hint


def test_metadata_that_is_packed_without_saying_so_is_told_as_that():
    """Row F11."""
    packed = answer("200 OK", "Content-Type: application/json", body=gzip.compress(b"{}", mtime=0))
    with WireServer(lambda peer: peer.send(packed)) as server:
        settings = Settings(url=server.url)
        with pytest.raises(MalformedDocument, match="packed with gzip, and no Content-Encoding says so") as caught:
            discover(settings, None, HttpSender(Guard(settings.server_url)))
    assert "operator" in caught.value.hint
