# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`valetkey cimd`: a client metadata document, made and checked."""

import json

import pytest

from tests.adapters.server import Answer, McpServer
from valetkey._cli.outcome import ExitCode

URL = "https://app.example.com/client.json"


def test_a_document_is_printed_as_it_is_put_on_a_web_server(valetkey):
    done = valetkey("cimd", "build", URL, "--name", "My agent")
    assert done.code == ExitCode.DONE
    document = json.loads(done.out)
    assert (document["client_id"], document["client_name"]) == (URL, "My agent")
    assert valetkey("cimd", "build", URL, "--name", "My agent", "--json").document == document


def test_addresses_and_keys_may_be_given(valetkey):
    keys = ("--public-keys-url", "https://app.example.com/keys.json")
    document = valetkey("cimd", "build", URL, "--name", "A", "--redirect-uri", "http://127.0.0.1:1/cb", *keys).document
    assert document["redirect_uris"] == ["http://127.0.0.1:1/cb"]
    assert document["token_endpoint_auth_method"] == "private_key_jwt"


@pytest.mark.parametrize("url", ["nonsense", "http://app.example.com/c.json", "https://app.example.com"])
def test_a_url_that_cannot_be_a_client_id_is_wrong_usage(valetkey, url):
    assert valetkey("cimd", "build", url, "--name", "A").code == ExitCode.USAGE
    assert valetkey("cimd", "check", url).code == ExitCode.USAGE


def test_a_document_that_cannot_be_read_is_for_later(valetkey):
    assert valetkey("cimd", "check", "https://127.0.0.1:1/client.json").code == ExitCode.LATER


def test_what_is_wrong_with_a_document_is_listed(valetkey, monkeypatch):
    body = json.dumps({"client_id": "https://other.example.com/\x1b[2J", "client_secret": "s"}).encode()
    with McpServer() as server:
        server.routes["/client.json"] = lambda seen: Answer(200, (("Content-Type", "application/json"),), body)
        url = f"{server.origin}/client.json"
        monkeypatch.setattr("valetkey.protocol.client_document.require_document_url", lambda url: url)
        done = valetkey("cimd", "check", url)
        document = valetkey("cimd", "check", url, "--json").document
    assert done.code == ExitCode.MALFORMED
    assert "fault: It has a client_secret, which must never be published." in done.out
    assert "\x1b" not in done.out
    assert len(document["faults"]) > 2
    assert document["warnings"]


def test_a_document_without_faults_is_told_so(valetkey, monkeypatch):
    from valetkey.protocol.client_document import build_document

    with McpServer() as server:
        url = f"{server.origin}/client.json"
        monkeypatch.setattr("valetkey.protocol.client_document.require_document_url", lambda url: url)
        body = json.dumps(build_document(url, name="A")).encode()
        server.routes["/client.json"] = lambda seen: Answer(200, (("Content-Type", "application/json"),), body)
        done = valetkey("cimd", "check", url)
    assert (done.code, done.out) == (
        ExitCode.DONE,
        f"{url} is a client metadata document that authorization servers take.\n",
    )
