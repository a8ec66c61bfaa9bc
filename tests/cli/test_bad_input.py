# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Bad input: one line of what and one of what to do, the right exit code, and nothing half-written."""

import json
import os
import stat
import subprocess
import sys

import pytest

from tests.adapters.server import Answer, McpServer
from tests.cli.commands import process_environment
from tests.fakes.threads import LONGEST_WAIT
from tests.fakes.world import a_session
from tests.login.terminal import Terminal
from valetkey._cli.outcome import ExitCode
from valetkey._sessions.codec import encode_session, session_key
from valetkey._sessions.listing import list_sessions
from valetkey.settings.settings import Settings
from valetkey.store import open_store

URL = "https://mcp.example.com/mcp"
PROGRAM = "import sys; sys.argv[0] = 'valetkey'; from valetkey.__main__ import main; main()"
OF_A_SESSION = [("status", URL), ("refresh", URL), ("token", URL), ("logout", URL)]
OF_A_URL = [*OF_A_SESSION, ("login", URL), ("tools", URL), ("call", URL, "add"), ("import", "mcp-remote", URL)]
EVIL = "\x1b[2J\x9b31m\u202e[bold red]"


def command_of(arguments):
    return " ".join(argument for argument in arguments if argument != URL)


def two_lines(done):
    assert done.out == ""
    assert "Traceback" not in done.err
    return done.err.startswith("Error: ") and done.err.count("\n") == 2


@pytest.mark.parametrize("arguments", OF_A_URL, ids=command_of)
@pytest.mark.parametrize("typed", ["nonsense", "", "file:///etc/passwd", "https://", "http://[::1", f"https://{EVIL}"])
def test_what_is_no_url_is_wrong_usage(valetkey, arguments, typed):
    done = valetkey(*[typed if argument == URL else argument for argument in arguments])
    assert (done.code, two_lines(done)) == (ExitCode.USAGE, True)
    assert not any(character in done.err for character in "\x1b\x9b\u202e")


@pytest.mark.parametrize("arguments", OF_A_SESSION, ids=command_of)
def test_without_a_session_the_next_step_is_named(valetkey, arguments):
    done = valetkey(*arguments)
    assert (done.code, two_lines(done)) == (ExitCode.LOGIN, True)
    to_end = arguments[0] == "logout"
    assert done.err.endswith("See your sessions: valetkey status\n" if to_end else f"Log in: valetkey login {URL}\n")
    document = valetkey(*arguments, "--json").document
    assert document["error"]["exit_code"] == ExitCode.LOGIN


@pytest.mark.parametrize("arguments", [*OF_A_SESSION[1:], ("tools", URL)], ids=command_of)
@pytest.mark.parametrize(
    ("value", "hint"),
    [(b'{"format": 99, "kind": "session"}', "Update Valetkey"), (b"{", "Log out of this server")],
)
def test_a_record_that_cannot_be_read_is_told_and_stays(valetkey, arguments, value, hint):
    if arguments[0] == "logout" and value == b"{":
        return  # a logout removes it
    open_store(valetkey.store).put(session_key(Settings(url=URL)), value)
    done = valetkey(*arguments)
    assert (done.code, two_lines(done)) == (ExitCode.STORE, True)
    assert hint in done.err
    assert open_store(valetkey.store).get(session_key(Settings(url=URL))).value == value


@pytest.mark.parametrize("arguments", [*OF_A_URL[:-1], ("logout", "--all")], ids=command_of)
def test_a_store_that_is_no_store_is_told(valetkey, arguments, tmp_path):
    (tmp_path / "text.db").write_text("this is no database, but a text that is long enough to be looked at" * 20)
    done = valetkey(*arguments, "--store", f"sqlite:///{tmp_path / 'text.db'}")
    assert (done.code, two_lines(done)) == (ExitCode.STORE, True)
    assert "text.db" in done.err


def test_a_place_that_cannot_be_written_is_told_before_a_person_is_asked(valetkey, server):
    done = valetkey("login", server.url, "--store", "sqlite:////proc/nothing/here.db")
    assert (done.code, two_lines(done)) == (ExitCode.STORE, True)
    assert "--store or VALETKEY_STORE" in done.err


def test_moving_from_a_store_that_is_not_there_is_wrong_usage(valetkey, tmp_path):
    done = valetkey("import", "store", tmp_path / "none.db", "--plain")
    assert (done.code, two_lines(done)) == (ExitCode.USAGE, True)
    assert not (tmp_path / "none.db").exists()


def in_a_shell(commands, line):
    script = line.replace("valetkey", f'{sys.executable} -c "{PROGRAM}"')
    return subprocess.run(
        ["/bin/bash", "-o", "pipefail", "-c", script],
        env=process_environment(commands),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("valetkey status | head -0", ExitCode.CLOSED_OUTPUT),
        ("valetkey status >&-", ExitCode.CLOSED_OUTPUT),
        ("valetkey token nonsense 2>&-", ExitCode.USAGE),
        ("valetkey login https://mcp.example.com/mcp --client-id x --client-secret ask <&-", ExitCode.USAGE),
        ("valetkey status >/dev/full", ExitCode.UNFORESEEN),
        ("valetkey status --json >/dev/full", ExitCode.UNFORESEEN),
        ("valetkey doctor nonsense >/dev/full", ExitCode.UNFORESEEN),
        ("valetkey doctor nonsense --json >/dev/full", ExitCode.UNFORESEEN),
        ("valetkey doctor nonsense >&-", ExitCode.CLOSED_OUTPUT),
    ],
)
def test_a_stream_that_is_closed_or_full_leaves_no_traceback(valetkey, line, code):
    done = in_a_shell(valetkey, line)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert "fault of Valetkey" not in done.stderr
    assert "fault of Valetkey" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "prompt"),
    [
        (("login",), "paste it here:"),
        (("login", "--device"), "Enter this code there:"),
        (("login", "--client-id", "x", "--client-secret", "ask"), "The client's secret: "),
        (("tools",), "paste it here:"),
    ],
)
def test_control_c_at_a_prompt_is_one_line_and_leaves_everything_as_it_was(valetkey, arguments, prompt):
    with McpServer(
        offers_device_login="--device" in arguments, answers_polls_with=["authorization_pending"] * 9
    ) as server:
        words = (arguments[0], server.url, *arguments[1:])
        environment = {**valetkey.environment, "BROWSER": ""}
        with Terminal(PROGRAM, *words, environment=environment) as terminal:
            terminal.sees(prompt)
            terminal.types("\x03")
            terminal.sees("Interrupted.")
            assert terminal.process.wait(30) == ExitCode.INTERRUPTED
            assert "Traceback" not in terminal.shown
    assert list_sessions(open_store(valetkey.store)) == []


def test_a_dumb_terminal_and_no_colour_get_no_escapes(valetkey, server):
    for environment in ({"TERM": "dumb"}, {"TERM": "xterm", "NO_COLOR": "1"}):
        with Terminal(PROGRAM, "token", server.url, environment={**valetkey.environment, **environment}) as terminal:
            terminal.sees("give --show")
            assert "\x1b" not in terminal.shown


def test_a_narrow_terminal_shows_all(valetkey):
    settings = {"url": URL, "principal": "local", "label": "default"}
    open_store(valetkey.store).put(session_key(Settings(url=URL)), encode_session(a_session(), settings))
    shown = valetkey("status", COLUMNS="40").out
    assert f"\n{URL}\n" in shown


def test_what_a_server_names_moves_no_cursor_and_is_no_markup(valetkey, monkeypatch):
    """Its words come in errors, in lists of tools, and in results that are shown as JSON."""
    with McpServer() as server:
        body = json.dumps({"jsonrpc": "2.0", "id": 0, "error": {"code": -32000, "message": EVIL}}, ensure_ascii=False)
        fields = (("Content-Type", "application/json"),)
        server.routes["/mcp"] = lambda seen: Answer(200, fields, body.encode())
        done = valetkey("tools", server.url)
    assert done.code == ExitCode.SERVER
    assert "[bold red]" in done.err
    assert not any(character in done.err for character in "\x1b\x9b\u202e")


def test_a_document_has_no_character_that_moves_a_cursor(valetkey):
    settings = {"url": URL, "principal": "local", "label": "default"}
    session = a_session(ended=EVIL)
    open_store(valetkey.store).put(session_key(Settings(url=URL)), encode_session(session, settings))
    done = valetkey("status", "--json")
    assert not any(character in done.out for character in "\x1b\x9b\u202e")
    assert "\\u202e" in done.out


def _with_a_trace_on_standard_output(valetkey, *arguments):
    command = [sys.executable, "-m", "valetkey", *arguments, "--trace", "/dev/stdout"]
    return subprocess.run(
        command, input=b"", capture_output=True, env=process_environment(valetkey), timeout=LONGEST_WAIT, check=False
    )


def test_a_trace_does_not_go_to_standard_output(valetkey):
    ended = _with_a_trace_on_standard_output(valetkey, "status")
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert ended.stderr.decode().splitlines() == [
        "Error: The trace and the result cannot both go to standard output.",
        "Name a file for the trace, or /dev/stderr.",
    ]
    path = valetkey.environment["VALETKEY_STORE"].removeprefix("sqlite:///") + ".trace"
    assert valetkey("status", "--trace", path).code == 0


def test_standard_output_of_a_bridge_carries_no_trace(valetkey):
    assert _with_a_trace_on_standard_output(valetkey, "bridge", "http://127.0.0.1:9/mcp").stdout == b""


@pytest.mark.parametrize("command", ["login", "status", "doctor", "tools", "refresh", "token", "logout"])
def test_a_url_that_is_no_unicode_is_said_in_two_lines(valetkey, command):
    done = valetkey(command, f"{URL}\udcff", "--json")
    assert done.code == 2
    assert "fault of Valetkey" not in done.out + done.err
    assert "character" in done.out


def test_the_page_of_an_examination_goes_into_no_pipe_and_is_for_its_owner(valetkey, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    done = valetkey("doctor", "http://127.0.0.1:9/mcp", "--html", tmp_path / "pipe")
    assert done.code == 2
    assert "cannot be written" in done.err
    valetkey("doctor", "http://127.0.0.1:9/mcp", "--html", tmp_path / "page.html")
    assert stat.S_IMODE((tmp_path / "page.html").stat().st_mode) == 0o600
