# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Running a command: each way in which it may end, in this process and in a real one."""

import json
import os
import subprocess
import sys

import pytest

from valetkey._cli.console import Console
from valetkey._cli.outcome import ExitCode
from valetkey._cli.running import end
from valetkey.errors import LoginRequired, Unsupported

VALETKEY = [sys.executable, "-m", "valetkey"]


def raising(error):
    def run():
        raise error

    return run


def test_a_command_that_returns_is_done():
    assert end(Console(), lambda: None) == ExitCode.DONE


def test_a_command_may_name_its_exit_code():
    assert end(Console(), lambda: ExitCode.SERVER) == ExitCode.SERVER


def test_an_error_is_one_line_of_what_and_one_of_what_to_do(capsys):
    assert end(Console(), raising(Unsupported("no PKCE", hint="Ask the operator."))) == 7
    shown = capsys.readouterr()
    assert shown.err == "Error: no PKCE\nAsk the operator.\n"
    assert shown.out == ""


def test_with_json_an_error_is_a_document_too(capsys):
    assert end(Console(as_json=True), raising(LoginRequired("no session", hint="Log in."))) == 3
    shown = capsys.readouterr()
    assert json.loads(shown.out)["error"]["hint"] == "Log in."
    assert "no session" in shown.err


def test_an_error_that_was_not_foreseen_shows_its_traceback_only_with_debug(capsys):
    assert end(Console(), raising(RuntimeError("odd \x1b[2J"))) == ExitCode.UNFORESEEN
    shown = capsys.readouterr().err
    assert "RuntimeError: odd" in shown
    assert "Traceback" not in shown
    assert "\x1b" not in shown
    assert end(Console(debug=True), raising(RuntimeError("odd"))) == ExitCode.UNFORESEEN
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_is_one_line(capsys):
    assert end(Console(), raising(KeyboardInterrupt())) == ExitCode.INTERRUPTED
    assert capsys.readouterr().err == "\nInterrupted.\n"


def run(*arguments, **options):
    return subprocess.run([*VALETKEY, *arguments], capture_output=True, text=True, timeout=60, check=False, **options)


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("status", "--help")])
def test_help_loads_neither_the_engine_nor_a_library_for_http(arguments):
    program = (
        "import sys, valetkey.__main__ as program\n"
        f"sys.argv = ['valetkey', *{arguments!r}]\n"
        "try:\n    program.main()\nfinally:\n    print(sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert "valetkey" in done.stdout
    for module in ("httpx2", "httpx", "mcp", "anyio", "valetkey._engine", "sqlite3", "cryptography"):
        assert f"'{module}'" not in done.stderr


def test_a_command_that_does_not_exist_is_wrong_usage():
    done = run("no-such-command")
    assert done.returncode == ExitCode.USAGE
    assert "Traceback" not in done.stderr


def test_a_closed_output_leaves_no_traceback():
    reader, writer = os.pipe()
    os.close(reader)
    environment = {**os.environ, "VALETKEY_STORE": "memory:"}
    command = [*VALETKEY, "status", "--json"]
    done = subprocess.run(
        command, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60, check=False, env=environment
    )
    os.close(writer)
    assert done.returncode == ExitCode.CLOSED_OUTPUT
    assert done.stderr == ""


def run_traced(path, *arguments):
    environment = {**os.environ, "VALETKEY_STORE": "memory:"}
    command = [*VALETKEY, *arguments, "--trace", str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)


def test_a_trace_has_what_a_command_has_done_also_where_it_fails(tmp_path):
    """The server is not there, so the login ends before it begins."""
    path = tmp_path / "trace.jsonl"
    done = run_traced(path, "login", "http://127.0.0.1:9/mcp", "--no-browser")
    assert done.returncode not in (0, ExitCode.UNFORESEEN)
    first, *events = (json.loads(line) for line in path.read_text("utf-8").splitlines())
    assert first["trace"] == "valetkey"
    assert events[0]["event"] == "AttemptStarted"
    assert [each["outcome"] for each in events if each["event"] == "RequestSent"][:1] == ["no connection"]
    assert [each["error"] for each in events if each["event"] == "AttemptEnded"] == ["NotReached"]


def test_a_trace_that_cannot_be_written_is_said_before_the_command_begins(tmp_path):
    done = run_traced(tmp_path / "missing" / "trace.jsonl", "status", "--json")
    assert done.returncode == ExitCode.USAGE
    assert "cannot be written" in json.loads(done.stdout)["error"]["message"]
    what, to_do = done.stderr.splitlines()
    assert "cannot be written" in what
    assert to_do == "Name a file in a folder that you may write to."
