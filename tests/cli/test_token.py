# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`valetkey token`: the token for a script, fresh, and not on a terminal by accident."""

import json
from dataclasses import replace

import pytest

from tests.fakes.world import a_session
from tests.login.terminal import Terminal
from valetkey._cli.outcome import ExitCode
from valetkey._sessions.codec import decode_session, encode_session, session_key
from valetkey._sessions.listing import list_sessions
from valetkey.settings.settings import Settings
from valetkey.store import open_store


def kept(valetkey):
    (stored,) = list_sessions(open_store(valetkey.store))
    return stored


def set_expiry(valetkey, expires_at):
    store, stored = open_store(valetkey.store), kept(valetkey)
    members = json.loads(store.get(stored.key).value)
    session = decode_session(store.get(stored.key).value)
    session = replace(session, token=replace(session.token, expires_at=expires_at))
    store.put(stored.key, encode_session(session, members["settings"]))


def test_a_script_gets_the_token_and_nothing_else(logged_in, server):
    done = logged_in("token", server.url)
    assert (done.code, done.err) == (ExitCode.DONE, "")
    assert server.authorization.accepts(done.out.removesuffix("\n"))


def test_a_header_is_what_a_program_sends(logged_in, server):
    assert logged_in("token", server.url, "--header").out.startswith("Authorization: Bearer ")


def test_the_document_says_how_long_it_is_good(logged_in, server):
    document = logged_in("token", server.url, "--json").document
    assert document["token_type"] == "Bearer"
    assert document["expires_at"] > 0


def test_a_token_that_ends_within_a_minute_is_renewed_first(logged_in, server):
    import time

    before = logged_in("token", server.url).out
    set_expiry(logged_in, time.time() + 30)
    after = logged_in("token", server.url).out
    assert before != after
    assert server.authorization.accepts(after.strip())


def test_a_token_that_cannot_be_renewed_is_given_as_long_as_it_is_good(logged_in, server):
    import time

    server.authorization.forget_refresh_tokens()
    set_expiry(logged_in, time.time() + 30)
    done = logged_in("token", server.url)
    assert done.code == ExitCode.DONE
    assert "could not be renewed" in done.err
    set_expiry(logged_in, time.time() - 1)
    done = logged_in("token", server.url)
    assert (done.code, done.out) == (ExitCode.LOGIN, "")
    assert f"valetkey login {server.url}" in done.err


def test_a_token_that_is_bound_to_a_key_is_no_header(valetkey):
    url = "https://mcp.example.com/mcp"
    from valetkey import Secret

    session = a_session(dpop_key=Secret("key"), expires_at=None)
    open_store(valetkey.store).put(session_key(Settings(url=url)), encode_session(session))
    assert valetkey("token", url, "--header").code == ExitCode.UNSUPPORTED


@pytest.mark.parametrize("show", [False, True])
def test_a_terminal_gets_it_only_if_the_person_says_so(logged_in, server, show):
    arguments = ["--show"] if show else []
    code = "import sys; sys.argv[0] = 'valetkey'; from valetkey.__main__ import main; main()"
    with Terminal(code, "token", server.url, *arguments, environment=logged_in.environment) as terminal:
        if show:
            assert server.authorization.accepts(terminal.sees(r"(access-\S+)"))
        else:
            terminal.sees("A token is a password, and this is a terminal")
            terminal.sees("give --show")
        assert terminal.process.wait(30) == (ExitCode.DONE if show else ExitCode.USAGE)
