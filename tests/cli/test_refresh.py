# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`valetkey refresh`: renewing by name."""

import signal
import subprocess
import sys

import pytest

from tests.cli.commands import process_environment
from tests.cli.test_interruption import CODES, renewing_slowly
from tests.fakes.threads import LONGEST_WAIT
from tests.fakes.world import a_session
from valetkey._cli.outcome import ExitCode
from valetkey._sessions.codec import encode_session, session_key
from valetkey.settings.settings import Settings
from valetkey.store import open_store


def test_a_session_is_renewed_though_its_token_still_serves(logged_in, server):
    before = logged_in("token", server.url).out
    done = logged_in("refresh", server.url)
    assert done.out.startswith(f"Renewed {server.url} (default); the token is good for ")
    assert logged_in("token", server.url).out != before
    assert len(server.person.asked) == 0


def test_without_a_url_all_are_renewed_and_what_fails_is_told(logged_in, server):
    logged_in("login", server.url, "--label", "work")
    document = logged_in("refresh", "--json").document
    assert [each["renewed"] for each in document["sessions"]] == [True, True]
    server.authorization.forget_refresh_tokens()
    done = logged_in("refresh")
    assert done.code != ExitCode.DONE
    assert done.out == "No session was renewed.\n"


def test_a_refusal_keeps_the_token_that_still_serves(logged_in, server):
    server.authorization.forget_refresh_tokens()
    assert logged_in("refresh", server.url).code == ExitCode.REFUSED
    assert logged_in("token", server.url).code == ExitCode.DONE
    assert "ended" in logged_in("status").out


def test_what_has_nothing_to_be_renewed_with_needs_a_login(valetkey):
    url = "https://mcp.example.com/mcp"
    session = a_session(refresh_token=None)
    open_store(valetkey.store).put(session_key(Settings(url=url)), encode_session(session))
    done = valetkey("refresh", url)
    assert done.code == ExitCode.LOGIN
    assert f"valetkey login {url}" in done.err


def test_a_machine_gets_a_new_token_without_a_refresh_token(valetkey, server):
    server.authorization.knows("job", secret="sesame", method="client_secret_basic")
    arguments = ("--client-id", "job", "--client-secret", "env:THE_SECRET", "--issuer", server.origin)
    done = valetkey("login", server.url, *arguments, THE_SECRET="sesame")
    assert done.code == ExitCode.DONE
    before = valetkey("token", server.url).out
    assert valetkey("refresh").code == ExitCode.DONE
    assert valetkey("token", server.url).out != before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_renewal_that_is_under_way_is_not_lost_with_the_command(logged_in, server, number):
    command = [sys.executable, "-m", "valetkey", "refresh", server.url]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with (
        renewing_slowly(server) as (asked, may_answer),
        subprocess.Popen(command, env=process_environment(logged_in), **streams) as process,
    ):
        assert asked.wait(LONGEST_WAIT)
        process.send_signal(number)
        may_answer.set()
        process.communicate(timeout=LONGEST_WAIT)
    assert process.returncode in (CODES[number], ExitCode.DONE)
    assert logged_in("refresh", server.url).code == ExitCode.DONE


def test_sessions_that_cannot_be_read_are_not_passed_over_in_silence(logged_in, server):
    assert "cannot be read" not in logged_in("refresh").err
    newer = b'{"format": 99, "kind": "session"}'
    open_store(logged_in.store).put(session_key(Settings(url="https://two.example.com")), newer)
    done = logged_in("refresh", "--json")
    assert "There are sessions that cannot be read; `valetkey status` says why." in done.err
    assert [each["server_url"] for each in done.document["sessions"]] == [server.url]


def test_a_session_that_is_not_there_is_told(valetkey, server):
    done = valetkey("refresh", server.url)
    assert done.code == ExitCode.LOGIN
    assert done.err == f"Error: There is no session at {server.url}.\nLog in: valetkey login {server.url}\n"


def test_where_nothing_can_be_renewed_the_next_step_is_said(valetkey, server):
    server.authorization.issues_refresh_tokens = False
    assert valetkey("refresh").out == "No session yet. Log in: valetkey login URL\n"
    valetkey("login", server.url)
    assert valetkey("refresh").out.endswith("See your sessions: valetkey status\n")
