# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A bridge logs in where the server wants it: at the start, in the middle, and once for all bridges."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.adapters.tool_server import ToolServer
from tests.cli.bridge.running import Bridge
from tests.servers import browser_environment, fastmcp
from tests.servers.scripted_browser import ScriptedBrowser


@pytest.fixture(scope="module")
def server():
    with fastmcp("own") as running:
        yield running


@pytest.fixture
def store(tmp_path):
    return f"sqlite:///{tmp_path}/sessions.db"


@pytest.fixture
def opened(tmp_path):
    """The log of the person's browser."""
    return tmp_path / "opened"


def _logins(opened):
    return opened.read_text().count("\n") if opened.exists() else 0


def test_a_login_at_the_start_is_made_in_the_browser_and_kept_for_the_next_start(server, store, opened):
    environment = {**browser_environment(log=opened), "VALETKEY_STORE": store}
    with Bridge(server.mcp_url, **environment) as bridge:
        assert "result" in bridge.open()
        assert bridge.call(1, "add", a=20, b=22) == "42"
    with Bridge(server.mcp_url, "--debug", **environment) as bridge:
        bridge.open()
        bridge.ask(1, "tools/call", name="add", arguments={"a": 1, "b": 2})
        bridge.answer(1)
        bridge.process.stdin.close()
        bridge.process.stdin = None
        _, output, said = bridge.end()
    assert _logins(opened) == 1
    assert "(tools/call)" in said
    assert re.search(r"ccess_token|Bearer [A-Za-z0-9]|code_verifier|[?&]code=", said + output) is None


def test_two_bridges_that_start_at_once_ask_the_person_once(server, store, opened):
    environment = {**browser_environment(log=opened), "VALETKEY_STORE": store}

    def use(number):
        with Bridge(server.mcp_url, **environment) as bridge:
            bridge.open()
            return bridge.call(1, "add", a=number, b=1)

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(use, (1, 2))) == ["2", "3"]
    assert _logins(opened) == 1


def test_a_token_that_ends_in_the_middle_is_renewed_or_asked_for_and_the_call_is_made(server, store, opened):
    with Bridge(server.mcp_url, **browser_environment(log=opened), VALETKEY_STORE=store) as bridge:
        bridge.open()
        server.post("/control/revoke-all")
        assert bridge.call(1, "add", a=1, b=1) == "2"
        assert _logins(opened) == 1
        server.post("/control/revoke-grants")
        assert bridge.call(2, "add", a=2, b=2) == "4"
        assert _logins(opened) == 2


def _link_of(bridge):
    """The link that the client gets with the answer to its `initialize`, which was too early."""
    error = bridge.open()["error"]
    link = error["data"]["authorization_url"]
    assert link in error["message"]
    return link


def test_a_login_goes_on_when_the_client_has_ended_the_bridge_and_the_next_start_finds_it(server, store):
    with Bridge(server.mcp_url, "--login-wait", "0.1", VALETKEY_STORE=store) as bridge:
        link = _link_of(bridge)
        said = b""
        while link.encode() not in said:
            said += bridge.process.stderr.readline()
        bridge.process.kill()
    with Bridge(server.mcp_url, VALETKEY_STORE=store) as bridge:  # waits for the login that goes on
        ScriptedBrowser().open(link)
        assert "result" in bridge.open()
        assert bridge.call(1, "add", a=1, b=1) == "2"


def test_a_call_that_is_cancelled_while_it_waits_for_a_login_is_not_made_afterwards(server, store, opened):
    with Bridge(server.mcp_url, **browser_environment(log=opened), VALETKEY_STORE=store) as bridge:
        bridge.open()
    with Bridge(server.mcp_url, VALETKEY_STORE=store) as bridge:  # without a browser: the person is late
        bridge.open()
        server.post("/control/revoke-grants")
        server.reset_log()
        bridge.ask(5, "tools/call", name="add", arguments={"a": 1, "b": 1})
        line = b""
        while b"/authorize?" not in line:
            line = bridge.process.stderr.readline()
        bridge.tell("notifications/cancelled", requestId=5)
        ScriptedBrowser().open(line.decode().strip())
        assert bridge.call(6, "add", a=2, b=2) == "4"
    made = [each["status"] for each in server.log() if (each["method"], each["path"]) == ("POST", "/mcp")]
    assert made.count(200) == 1


def test_a_person_who_declines_is_told_to_the_client_and_the_process_ends_with_the_code_of_a_login(store):
    device = {"offers_device_login": True, "says_of_device_login": {"interval": 0.1}}
    with (
        ToolServer(**device, answers_polls_with=["access_denied"]) as denying,
        Bridge(denying.url, "--device-code", VALETKEY_STORE=store) as bridge,
    ):
        error = bridge.open()["error"]
        code, output, said = bridge.end()
    assert (code, output) == (3, "")
    *_, what, hint = said.splitlines()
    assert error["message"] == f"{what.removeprefix('Error: ')} {hint}"


def test_a_login_on_another_device_shows_its_code(store):
    with (
        ToolServer(offers_device_login=True, says_of_device_login={"interval": 0.1}) as server,
        Bridge(server.url, "--device-code", VALETKEY_STORE=store) as bridge,
    ):
        bridge.open()
        assert bridge.call(1, "add", a=1, b=1) == "2"
        bridge.process.stdin.close()
        bridge.process.stdin = None
        assert "WDJB-MJHT" in bridge.end()[2]


def test_a_bridge_that_may_ask_nobody_says_so(server, store):
    with Bridge(server.mcp_url, "--login", "never", VALETKEY_STORE=store) as bridge:
        error = bridge.open()["error"]
        code, _, said = bridge.end()
    assert code == 3
    assert error["data"]["hint"] in said


def test_a_static_credential_in_a_header_needs_no_login(store):
    with ToolServer() as server:
        server.wanted_header = ("authorization", "Bearer the-right-one")
        given = {"MY_TOKEN": "the-right-one", "VALETKEY_STORE": store}
        with Bridge(server.url, "--header", "Authorization:Bearer ${MY_TOKEN}", **given) as bridge:
            assert "result" in bridge.open()
            assert bridge.call(1, "add", a=1, b=1) == "2"
        with Bridge(server.url, "--header", "Authorization: Bearer wrong", VALETKEY_STORE=store) as bridge:
            error = bridge.open()["error"]
    assert "wrong" not in str(error)
    assert "--header" in error["data"]["hint"]
