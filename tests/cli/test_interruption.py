# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A command that a signal ends: its exit code says which, and it leaves nothing half-written and a clean terminal."""

import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.adapters.server import Answer, McpServer
from tests.cli.bridge.running import Bridge
from tests.cli.commands import process_environment
from tests.fakes.threads import LONGEST_WAIT, until
from tests.login.terminal import Terminal
from valetkey._cli.interruption import Interrupted, code_of_interruption, words_of_interruption
from valetkey._cli.outcome import ExitCode
from valetkey._sessions.listing import list_sessions
from valetkey.store import open_store

PROGRAM = "import sys; sys.argv[0] = 'valetkey'; from valetkey.__main__ import main; main()"
HEARS_ALL = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
for each in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(each, signal.SIG_DFL)
"""
"""A shell ignores SIGINT for what it starts in the background, and nohup SIGHUP; children inherit that."""
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
SAID = {
    signal.SIGINT: "\nInterrupted.\n",
    signal.SIGTERM: "\nEnded by SIGTERM.\n",
    signal.SIGHUP: "\nThe terminal was closed.\n",
}


@contextmanager
def that_waits():
    """A server that answers nothing before it may; with the event that it was asked."""
    asked, may_answer = threading.Event(), threading.Event()

    def waits(_):
        asked.set()
        may_answer.wait(LONGEST_WAIT)
        return Answer(500)

    with McpServer() as server:
        server.routes["/mcp"] = waits
        try:
            yield server, asked, may_answer
        finally:
            may_answer.set()


@pytest.mark.parametrize("number", CODES)
@pytest.mark.parametrize("arguments", [("login", "--no-browser"), ("doctor",), ("tools",)], ids=" ".join)
def test_the_exit_code_says_which_signal_has_ended_a_command(valetkey, arguments, number):
    with that_waits() as (server, asked, may_answer):
        command = [sys.executable, "-c", HEARS_ALL + PROGRAM, arguments[0], server.url, *arguments[1:]]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, env=process_environment(valetkey), **streams) as process:
            assert asked.wait(LONGEST_WAIT)
            process.send_signal(number)
            error = process.stderr.readline()  # it ends, whether the server answers or not
            may_answer.set()
            error += process.stderr.read()
            assert (process.wait(LONGEST_WAIT), process.stdout.read(), error) == (CODES[number], "", SAID[number])
    assert list_sessions(open_store(valetkey.store)) == []


def in_terminal(valetkey, *arguments):
    environment = {**valetkey.environment, "TERM": "xterm"}
    return Terminal(HEARS_ALL + PROGRAM, *arguments, environment=environment)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_cursor_that_progress_hides_is_shown_again(valetkey, number):
    with that_waits() as (server, asked, _), in_terminal(valetkey, "doctor", server.url) as terminal:
        assert asked.wait(LONGEST_WAIT)
        terminal.sees(r"\x1b\[\?25l")
        terminal.process.send_signal(number)
        terminal.sees(r"\x1b\[\?25h")
        terminal.sees(SAID[number].strip())
        assert terminal.process.wait(LONGEST_WAIT) == CODES[number]


def test_a_terminal_shows_what_is_typed_again_when_the_question_for_a_secret_has_ended(valetkey, server):
    arguments = ("login", server.url, "--client-id", "x", "--client-secret", "ask")
    with in_terminal(valetkey, *arguments) as terminal:
        terminal.sees("The client's secret: ")
        assert not terminal.echoes()
        terminal.process.send_signal(signal.SIGTERM)
        terminal.sees("Ended by SIGTERM")
        assert terminal.process.wait(LONGEST_WAIT) == ExitCode.TERMINATED
        assert terminal.echoes()


@contextmanager
def renewing_slowly(server):
    """Let a server hold a new token back; with the event that it was asked, and that it may answer."""
    ask, asked, may_answer = server.ask, threading.Event(), threading.Event()

    def slowly(request):
        answer = ask(request)
        if request.url.endswith("/token"):
            asked.set()
            may_answer.wait(LONGEST_WAIT)
        return answer

    server.ask = slowly
    yield asked, may_answer
    may_answer.set()


@pytest.mark.parametrize("command", ["doctor", "tools", "login"])
def test_a_terminal_that_is_closed_ends_a_command_with_the_code_of_that(valetkey, command):
    """Nothing can be written to it any more: neither the cursor nor a sentence."""
    with that_waits() as (server, asked, may_answer), in_terminal(valetkey, command, server.url) as terminal:
        assert asked.wait(LONGEST_WAIT)
        terminal.closes()
        may_answer.set()
        assert terminal.process.wait(LONGEST_WAIT) == ExitCode.HUNG_UP


def test_the_second_signal_of_a_terminal_that_is_closed_takes_no_new_token_away(logged_in, server):
    """A terminal sends SIGHUP, and so does its shell."""
    command = [sys.executable, "-c", HEARS_ALL + PROGRAM, "refresh", server.url]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with (
        renewing_slowly(server) as (asked, may_answer),
        subprocess.Popen(command, env=process_environment(logged_in), **streams) as process,
    ):
        assert asked.wait(LONGEST_WAIT)
        process.send_signal(signal.SIGHUP)
        os.read(process.stderr.fileno(), 1)  # it ends, and waits for the answer
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        may_answer.set()
        error = process.communicate(timeout=LONGEST_WAIT)[1]
    assert (process.returncode, error.count(b"Traceback")) == (ExitCode.HUNG_UP, 0)
    assert logged_in("refresh", server.url).code == ExitCode.DONE


def test_a_client_that_closes_the_input_of_a_bridge_and_ends_it_takes_no_new_token_away(logged_in, server):
    """MCP says so of clients: close the input, wait, send SIGTERM; what starts them may send it too."""
    server.authorization.forget_access_tokens()
    with (
        renewing_slowly(server) as (asked, may_answer),
        Bridge(server.url, VALETKEY_STORE=logged_in.store) as bridge,
    ):
        bridge.ask(0, "initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo={"name": "test"})
        assert asked.wait(LONGEST_WAIT)
        bridge.process.stdin.close()
        bridge.process.stdin = None
        bridge.process.send_signal(signal.SIGTERM)
        until(lambda: ignores(bridge.process.pid, signal.SIGTERM))
        bridge.process.send_signal(signal.SIGTERM)
        may_answer.set()
        assert bridge.end() == (0, "", "")
    assert logged_in("refresh", server.url).code == ExitCode.DONE


def ignores(process_id, number):
    """Tell whether a process ignores a signal, as the kernel sees it."""
    status = Path(f"/proc/{process_id}/status").read_text("ascii")
    return bool(int(re.search(r"SigIgn:\s*(\w+)", status)[1], 16) >> (number - 1) & 1)


def test_a_signal_that_the_parent_ignores_ends_nothing(valetkey):
    """As `nohup valetkey login` is meant."""
    ignores = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
    with that_waits() as (server, asked, _):
        command = [sys.executable, "-c", ignores + PROGRAM, "doctor", server.url]
        streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(command, env=process_environment(valetkey), **streams) as process:
            assert asked.wait(LONGEST_WAIT)
            process.send_signal(signal.SIGHUP)
            process.send_signal(signal.SIGTERM)
            assert process.wait(LONGEST_WAIT) == ExitCode.TERMINATED


def test_an_interruption_is_one_of_control_c_wherever_that_is_caught():
    assert issubclass(Interrupted, KeyboardInterrupt)
    assert code_of_interruption(KeyboardInterrupt()) == ExitCode.INTERRUPTED
    assert words_of_interruption(Interrupted(ExitCode.HUNG_UP)) == "The terminal was closed."
