# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`valetkey call` and `valetkey tools`, with a real MCP server and the MCP SDK that is installed."""

import json
import sys

import pytest

from tests.cli.commands import CommandLine
from tests.login.terminal import Terminal
from tests.servers.running import fastmcp
from valetkey._cli.call import text_of
from valetkey._cli.outcome import ExitCode


@pytest.fixture(scope="module")
def mcp_server():
    with fastmcp("own") as running:
        yield running


@pytest.fixture(scope="module")
def user(mcp_server, tmp_path_factory):
    commands = CommandLine(tmp_path_factory.mktemp("calls") / "sessions.db")
    assert commands("login", mcp_server.mcp_url).code == ExitCode.DONE
    return commands


def test_the_result_is_on_standard_output_and_arguments_have_the_types_of_the_tool(user, mcp_server):
    done = user("call", mcp_server.mcp_url, "add", "--arg", "a=20", "--arg", "b=22")
    assert (done.code, done.out, done.err) == (ExitCode.DONE, "42\n", "")


def test_an_argument_may_stand_alone(user, mcp_server):
    assert user("call", mcp_server.mcp_url, "add", "a=1", "--arg", "b=2").out == "3\n"
    done = user("call", mcp_server.mcp_url, "add", "a=1", "b=2", "--arg", "a=3")
    assert (done.code, "--arg a is given more than once" in done.err) == (ExitCode.USAGE, True)
    assert "--arg three has no name and value" in user("call", mcp_server.mcp_url, "add", "three").err


def test_with_json_it_is_the_whole_result(user, mcp_server):
    document = user("call", mcp_server.mcp_url, "whoami", "--json").document
    assert document["structuredContent"]["scopes"] == ["mcp"]


def test_arguments_may_come_from_standard_input(user, mcp_server):
    done = user("call", mcp_server.mcp_url, "add", "--args-file", "-", typed='{"a": 1, "b": 2}')
    assert done.out == "3\n"


@pytest.mark.parametrize("as_json", [False, True])
def test_the_error_of_a_tool_has_an_exit_code_of_its_own(user, mcp_server, as_json):
    done = user("call", mcp_server.mcp_url, "fail", *["--json"] * as_json)
    assert done.code == ExitCode.SERVER
    if as_json:
        assert done.document["isError"] is True
    else:
        assert (
            done.err
            == "Error: The tool fail failed: this tool always fails\nCheck what you gave it: valetkey tools URL\n"
        )


def test_a_tool_that_is_not_there_is_told_with_the_one_that_is_meant(user, mcp_server):
    done = user("call", mcp_server.mcp_url, "ad")
    assert (done.code, done.err) == (ExitCode.USAGE, "Error: There is no tool ad.\nDo you mean add?\n")
    done = user("call", mcp_server.mcp_url, "zzzz")
    assert f"valetkey tools {mcp_server.mcp_url}" in done.err


def test_wrong_arguments_call_nothing(user, mcp_server):
    mcp_server.reset_log()
    done = user("call", mcp_server.mcp_url, "add", "--arg", "a=x", "--arg", "b=1")
    assert done.code == ExitCode.USAGE
    assert "--arg a=x is no integer" in done.err


def test_the_tools_are_listed_with_their_arguments(user, mcp_server):
    done = user("tools", mcp_server.mcp_url)
    assert "add a b\n  Add two numbers.\n" in done.out
    tools = user("tools", mcp_server.mcp_url, "--json").document["tools"]
    assert {"add", "whoami"} <= {tool["name"] for tool in tools}
    assert tools[0]["inputSchema"]["type"] == "object"


def test_a_call_logs_in_where_there_is_no_session(valetkey, mcp_server):
    done = valetkey("call", mcp_server.mcp_url, "add", "--arg", "a=1", "--arg", "b=2", "--label", "work")
    assert (done.code, done.out) == (ExitCode.DONE, "3\n")
    assert "asks you to log in" in done.err
    (session,) = valetkey("status", "--json").document["sessions"]
    assert session["label"] == "work"


def test_an_account_is_chosen_as_for_every_command(valetkey, mcp_server):
    for label in ("default", "work"):
        valetkey("login", mcp_server.mcp_url, "--label", label)
    assert valetkey("tools", mcp_server.mcp_url).code == ExitCode.USAGE
    assert valetkey("tools", mcp_server.mcp_url, "--label", "work").code == ExitCode.DONE


def test_a_login_that_no_person_can_do_is_told_with_its_exit_code(valetkey, mcp_server):
    done = valetkey("tools", mcp_server.mcp_url, BROWSER="", typed="")
    assert done.code == ExitCode.LOGIN
    assert "Traceback" not in done.err


def test_what_is_no_mcp_server_or_is_down_is_told(valetkey, mcp_server):
    done = valetkey("tools", f"{mcp_server.url}/nothing")
    assert done.code == ExitCode.SERVER
    assert "does not answer as an MCP server does (404" in done.err
    assert valetkey("tools", "http://127.0.0.1:1/mcp").code == ExitCode.LATER
    assert valetkey("tools", "nonsense").code == ExitCode.USAGE
    assert valetkey("tools", mcp_server.mcp_url, "--transport", "pigeon").code == ExitCode.USAGE


def test_both_transports_are_spoken(valetkey):
    with fastmcp("open", transport="sse") as server:
        assert "add a b" in valetkey("tools", server.mcp_url).out
        assert "add a b" in valetkey("tools", server.mcp_url, "--transport", "sse").out


def test_without_the_sdk_the_hint_says_what_to_install(valetkey, monkeypatch):
    monkeypatch.setitem(sys.modules, "mcp", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    done = valetkey("tools", "https://mcp.example.com/mcp")
    assert done.code == ExitCode.USAGE
    assert "valetkey[cli]" in done.err


def test_what_is_no_text_is_named():
    content = [
        {"type": "text", "text": "a"},
        {"type": "image", "mimeType": "image/png", "data": "aGk="},
        {"type": "resource", "resource": {"uri": "x://y", "text": "b"}},
        {"type": "resource_link", "uri": "x://z"},
    ]
    assert text_of({"content": content}).splitlines() == [
        "a",
        "[image: image/png; --json has it]",
        "b",
        "[resource_link: x://z; --json has it]",
    ]
    assert text_of({}) == ""


def test_on_a_terminal_nothing_that_a_tool_says_moves_the_cursor():
    code = """
        from valetkey._cli.call import _for_reader
        print(_for_reader("one\\x1b[2Jtwo\\tthree\\nfour [red]five[/red]"))
    """
    with Terminal(code) as terminal:
        terminal.sees("five")
        assert "\x1b" not in terminal.shown
        assert "[red]five[/red]" in terminal.shown
    assert json.loads('"\\u001b"') == "\x1b"
