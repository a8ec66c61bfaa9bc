# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`valetkey logout`: what is revoked, what is forgotten, and what is told of it."""

import pytest

from tests.fakes.world import a_session
from valetkey._cli.outcome import ExitCode
from valetkey._sessions.codec import encode_session, session_key
from valetkey.settings.settings import Settings
from valetkey.store import open_store

URL = "https://mcp.example.com/mcp"


def test_the_tokens_are_revoked_and_the_session_is_forgotten(logged_in, server):
    done = logged_in("logout", server.url)
    assert done.out == f"Logged out of {server.url} (default): revoked its tokens and forgot the session.\n"
    assert len(server.authorization.revocation_forms()) == 2
    assert logged_in("status", "--json").document["sessions"] == []


def test_a_server_that_revokes_nothing_is_told_and_the_session_is_forgotten(logged_in, server):
    server.authorization.revokes_no = ("refresh_token", "access_token")
    document = logged_in("logout", server.url, "--json").document
    assert document["logged_out"][0]["revoked"] is False
    assert document["logged_out"][0]["problem"] is not None
    assert logged_in("status", "--json").document["sessions"] == []


def test_all_accounts_of_this_person_are_logged_out_and_no_other_ones(logged_in, server):
    logged_in("login", server.url, "--label", "work")
    store = open_store(logged_in.store)
    other = Settings(url=URL, principal="alice")
    store.put(session_key(other), encode_session(a_session(), {"url": URL, "principal": "alice", "label": "default"}))
    done = logged_in("logout", "--all")
    assert done.out.count("Logged out of") == 2
    assert "1 session stays: of other users, or of unknown ones." in done.err
    (left,) = logged_in("status", "--json").document["sessions"]
    assert left["principal"] == "alice"


def test_with_all_nothing_to_do_is_no_failure(valetkey):
    done = valetkey("logout", "--all")
    assert (done.code, done.out) == (ExitCode.DONE, "There was no session.\n")


def test_a_session_that_is_not_there_is_told(valetkey):
    done = valetkey("logout", URL)
    assert done.code == ExitCode.LOGIN
    assert done.err == f"Error: There is no session at {URL}.\nSee your sessions: valetkey status\n"


@pytest.mark.parametrize("arguments", [(), ("https://mcp.example.com/mcp", "--all")])
def test_where_to_log_out_has_to_be_said_once(valetkey, arguments):
    assert valetkey("logout", *arguments).code == ExitCode.USAGE


def test_several_accounts_are_told_with_how_to_choose(logged_in, server):
    logged_in("login", server.url, "--label", "work")
    done = logged_in("logout", server.url)
    assert done.code == ExitCode.USAGE
    assert "default, work" in done.err
    assert "--label" in done.err


def test_a_damaged_record_is_forgotten(valetkey):
    open_store(valetkey.store).put(session_key(Settings(url=URL)), b"{")
    assert valetkey("logout", URL).code == ExitCode.DONE
    assert valetkey("status", "--json").document["sessions"] == []
    open_store(valetkey.store).put(session_key(Settings(url=URL)), b"{")
    assert "not revoked" in valetkey("logout", "--all").out


def test_a_damaged_record_of_another_account_is_forgotten_too(valetkey):
    key = session_key(Settings(url=URL, label="work"))
    open_store(valetkey.store).put(key, b"{")
    assert valetkey("logout", URL, "--label", "work").code == ExitCode.DONE
    assert open_store(valetkey.store).get(key) is None


def test_with_all_what_may_be_another_users_stays(valetkey):
    """A record of an older version that does not say whose it is, and one of a newer version."""
    store = open_store(valetkey.store)
    store.put(session_key(Settings(url=URL, principal="alice")), encode_session(a_session(resource="urn:other")))
    store.put(session_key(Settings(url=URL)), b'{"format": 99, "kind": "session"}')
    done = valetkey("logout", "--all")
    assert (done.code, done.out) == (ExitCode.DONE, "There was no session.\n")
    assert "2 sessions stay" in done.err
    assert len(store.keys()) == 2


def test_with_all_one_that_cannot_be_ended_keeps_no_other_from_ending(logged_in, server, monkeypatch):
    from valetkey._cli import logout as module
    from valetkey.errors import StoreError

    end, full = module._end, StoreError("The disk is full.", hint="Make room.")

    def failing(stored, store, usual):
        if stored.said("label") == "default":
            raise full
        return end(stored, store, usual)

    monkeypatch.setattr(module, "_end", failing)
    logged_in("login", server.url, "--label", "work")
    done = logged_in("logout", "--all")
    assert done.code == ExitCode.STORE
    assert f"Error: {server.url}: The disk is full.\nMake room.\n" in done.err
    assert "(work): revoked its tokens" in done.out


def test_a_record_of_a_newer_version_stays(valetkey):
    value = b'{"format": 99, "kind": "session"}'
    open_store(valetkey.store).put(session_key(Settings(url=URL)), value)
    done = valetkey("logout", URL)
    assert done.code == ExitCode.STORE
    assert "Update Valetkey" in done.err
    assert open_store(valetkey.store).get(session_key(Settings(url=URL))).value == value


def test_a_session_that_was_made_with_a_key_is_forgotten(valetkey):
    settings = {"url": URL, "principal": "local", "label": "default", "client_id": "x", "grant": "client_credentials"}
    store = open_store(valetkey.store)
    store.put("session:of-a-machine", encode_session(a_session(), settings))
    assert "what no record holds" in valetkey("logout", "--all").out
    assert store.get("session:of-a-machine") is None


def test_the_help_does_not_say_that_all_sessions_end_without_a_url(valetkey):
    said = valetkey("logout", "--help").out
    assert "The URL of an MCP server; or --all." in said
    assert "all without it" not in said
