# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Each of Valetkey's own requests is told, with its answer or what came instead of one, also outside an attempt."""

import pytest

from tests.network.server import WireServer, answer
from valetkey._network.guard import Guard
from valetkey._network.sender import HttpSender
from valetkey.errors import TemporaryError
from valetkey.events import RequestSent, exchanges, flush, listen
from valetkey.wire import HttpRequest

FORM = ("Content-Type", "application/x-www-form-urlencoded")


@pytest.fixture
def heard():
    events = []
    end = listen(events.append)
    yield events
    end()


def send(url):
    request = HttpRequest("POST", url, "renew the token", (FORM,), b"grant_type=refresh_token&refresh_token=Canary-123")
    return HttpSender(Guard("http://127.0.0.1/mcp"))(request)


def test_an_exchange_is_told_without_what_is_secret_in_it(heard):
    body = b'{"error": "invalid_grant", "error_description": "Canary-123 has ended"}'

    def answers(peer):
        peer.send(answer("400 Bad Request", "Content-Type: application/json", body=body))

    with WireServer(answers) as server:
        send(f"{server.url}/token?tenant=1")
    assert flush()
    (event,) = heard
    assert isinstance(event, RequestSent)
    assert (event.method, event.url, event.purpose) == ("POST", f"{server.url}/token", "renew the token")
    assert (event.status, event.outcome, event.seconds > 0) == (400, "400", True)
    assert event.request.members == {"grant_type": "refresh_token", "refresh_token": "…"}
    assert event.response.members == {"error": "invalid_grant", "error_description": "… has ended"}
    assert (event.server_url, event.principal, event.attempt) == ("", "", "")


@pytest.mark.parametrize(
    "body",
    [b'{"location": {"a": 1}, "state": 7}', b'{"error": [[[]]], "scope": {"token": ["x"]}}', b"\xff", b"[1]", b"{"],
    ids=repr,
)
def test_an_odd_answer_is_told_too(heard, body, caplog):
    def answers(peer):
        peer.send(answer("200 OK", "Location: https://[", "Content-Type: application/json", body=body))

    with WireServer(answers) as server:
        assert send(f"{server.url}/token").body == body
    assert flush()
    assert [event.response.size for event in heard] == [len(body)]
    assert "not told" not in caplog.text


def test_a_fault_in_the_telling_ends_no_login(heard, monkeypatch, caplog):
    def fails(request):
        raise ValueError(request.method)

    monkeypatch.setattr(exchanges, "request_message", fails)
    with WireServer(lambda peer: peer.send(answer())) as server:
        assert send(f"{server.url}/token").status == 200
    assert flush()
    assert heard == []
    assert "is not told" in caplog.text


def test_an_answer_that_does_not_come_is_told_too(heard):
    with WireServer(lambda peer: None) as server, pytest.raises(TemporaryError):
        send(f"{server.url}/token")
    with pytest.raises(TemporaryError):
        send(f"{server.url}/token")
    assert flush()
    assert [(event.status, event.outcome, event.response) for event in heard] == [
        (None, "no answer", None),
        (None, "no connection", None),
    ]
