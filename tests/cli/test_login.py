# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`valetkey login`: each way to log in, and what is told about it."""

import pytest

from tests.adapters.server import Answer, McpServer
from tests.cli.commands import with_login_page
from tests.servers.process import free_port
from valetkey._cli.outcome import ExitCode


def test_a_login_tells_who_is_logged_in_where(valetkey, server):
    done = valetkey("login", server.url)
    assert done.code == ExitCode.DONE
    assert done.out.splitlines()[:3] == [
        f"The session at {server.url}:",
        "  account  default",
        f"  issuer   {server.origin}",
    ]
    assert "asks you to log in" in done.err


def test_with_json_the_result_is_one_document_and_prompts_are_elsewhere(valetkey, server):
    document = valetkey("login", server.url, "--json").document
    assert document["login"] == "new"
    assert document["session"]["issuer"] == server.origin
    assert document["session"]["has_refresh_token"] is True
    assert valetkey("login", server.url, "--json").document["login"] == "kept"


def test_a_second_login_asks_no_person(logged_in, server):
    done = logged_in("login", server.url)
    assert done.out.startswith(f"You are logged in to {server.url} already.")
    assert done.err == ""


def test_a_server_that_needs_no_login_is_no_failure(valetkey):
    with McpServer(wants_login=False, describes_itself_at=()) as server:
        server.authorization.describes_the_resource_at = ()
        done = valetkey("login", server.url)
        assert (done.code, done.out, done.err) == (ExitCode.DONE, f"{server.url} needs no login.\n", "")
        assert valetkey("login", server.url, "--json").document == {
            "server_url": server.url,
            "login": "not_needed",
            "session": None,
        }


@pytest.mark.parametrize("answer", [Answer(404, (), b"no"), Answer(200, (("Content-Type", "text/html"),), b"<p>Hi")])
def test_a_page_that_is_no_mcp_server_is_told_from_one_that_needs_no_login(valetkey, answer):
    with McpServer() as server:
        server.authorization.describes_the_resource_at = ()
        server.routes["/mcp"] = lambda seen: answer
        done = valetkey("login", server.url)
    assert done.code == ExitCode.SERVER
    assert "does not answer as an MCP server" in done.err
    assert done.err.count("\n") == 2


@pytest.mark.parametrize("url", ["nonsense", "ftp://mcp.example.com", "https://", "http://[::1/mcp"])
def test_what_is_no_url_is_wrong_usage(valetkey, url):
    done = valetkey("login", url)
    assert (done.code, done.out) == (ExitCode.USAGE, "")
    assert done.err.count("\n") == 2


def test_a_server_that_is_down_is_for_later(valetkey):
    with McpServer() as server:
        pass
    done = valetkey("login", server.url)
    assert done.code == ExitCode.LATER
    assert done.err.count("\n") == 2


def test_a_client_of_ones_own_is_used_and_found_again_by_the_url_alone(valetkey, server):
    server.authorization.registers_clients = False
    port = free_port()
    server.authorization.knows("mine", f"http://127.0.0.1:{port}/callback")
    assert valetkey("login", server.url, "--client-id", "mine", "--callback-port", port).code == ExitCode.DONE
    assert valetkey("status", server.url, "--json").document["sessions"][0]["client_id"] == "mine"
    assert valetkey("token", server.url).code == ExitCode.DONE
    assert valetkey("login", server.url).out.startswith("You are logged in")


def test_the_scope_that_is_asked_for_is_what_was_typed(valetkey, server):
    valetkey("login", server.url, "--scope", "read", "--scope", "write")
    assert valetkey("status", server.url, "--json").document["sessions"][0]["scope"] == ["read", "write"]


def test_two_accounts_at_one_server_have_sessions_of_their_own(logged_in, server):
    assert logged_in("login", server.url, "--label", "work").out.startswith("The session at")
    sessions = logged_in("status", "--json").document["sessions"]
    assert sorted(each["label"] for each in sessions) == ["default", "work"]


def test_ways_that_contradict_each_other_are_wrong_usage(valetkey, server):
    done = valetkey("login", server.url, "--paste", "--device")
    assert done.code == ExitCode.USAGE
    assert "--paste and --device" in done.err


@pytest.mark.parametrize("way", ["--paste", None])
def test_where_no_person_can_be_asked_the_hint_names_options_of_the_command_line(valetkey, server, way):
    done = valetkey("login", server.url, *[way] * (way is not None), typed="", BROWSER="")
    assert done.code == ExitCode.LOGIN
    hint = done.err.splitlines()[-1]
    assert "valetkey login URL" in hint
    assert "=" not in hint


def test_on_another_device_the_code_is_shown(valetkey, server):
    done = valetkey("login", server.url, "--device", BROWSER="")
    assert done.code == ExitCode.DONE
    assert "Enter this code there:" in done.err


def test_without_a_browser_the_link_is_printed_and_the_answer_comes_to_the_port_that_was_named(valetkey, server):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = valetkey("login", server.url, "--callback-port", port)
    assert done.code == ExitCode.LOGIN
    assert f"Nothing can listen at http://127.0.0.1:{port}/callback" in done.err
    assert "--callback-port" in done.err
    assert valetkey("login", server.url, "--callback-port", port, "--callback-host", "localhost").code == ExitCode.DONE


def test_a_host_without_a_port_is_wrong_usage(valetkey, server):
    assert valetkey("login", server.url, "--callback-host", "localhost").code == ExitCode.USAGE


def test_a_host_that_is_not_of_this_computer_is_refused(valetkey, server):
    done = valetkey("login", server.url, "--callback-port", "8765", "--callback-host", "evil.example.com")
    assert done.code == ExitCode.USAGE


def test_a_login_that_is_declined_leaves_no_session(valetkey, server):
    server.authorization.declines_with = "access_denied"
    done = valetkey("login", server.url)
    assert done.code == ExitCode.LOGIN
    assert valetkey("status", "--json").document["sessions"] == []


def test_the_words_of_a_server_move_no_cursor(valetkey):
    with McpServer(refuses_registration_with=(400, "\x1b[2J[red]bad[/red]")) as server:
        done = valetkey("login", with_login_page(server).url)
    assert done.code == ExitCode.REFUSED
    assert "\x1b" not in done.out + done.err
    assert "[red]bad[/red]" in done.err


def test_in_a_container_it_listens_at_the_address_that_was_typed(valetkey, server):
    port = free_port()
    done = valetkey("login", server.url, "--callback-port", port, "--listen", "0.0.0.0")
    assert done.code == ExitCode.DONE


@pytest.mark.parametrize(
    "arguments",
    [
        ("--listen", "0.0.0.0"),
        ("--listen", "here", "--callback-port", "8765"),
        ("--listen", "0.0.0.0", "--callback-port", "8765", "--paste"),
        ("--callback-port", "0"),
    ],
)
def test_where_to_listen_is_said_whole_or_not_at_all(valetkey, server, arguments):
    assert valetkey("login", server.url, *arguments).code == ExitCode.USAGE


def test_without_opening_a_browser_the_link_is_printed(valetkey, server):
    done = valetkey("login", server.url, "--no-browser", "--timeout", "0.1")
    assert done.code == ExitCode.LOGIN
    assert "Open this link in your browser:" in done.err


def test_how_a_pasted_login_ended_is_told_once_and_in_the_words_of_the_command_line(valetkey, server):
    done = valetkey("login", server.url, "--paste", typed="nonsense\n")
    assert done.code == ExitCode.LOGIN
    assert "That address holds no answer to a login." in done.err
    assert done.err.count("there is no terminal and no notebook to paste the answer into") == 1
    assert "login=" not in done.err
