# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`valetkey status`: what is in a store, for a person and for a program."""

import json

from tests.fakes.world import a_session
from valetkey._cli.outcome import ExitCode
from valetkey._sessions.codec import encode_session, session_key
from valetkey.settings.settings import Settings
from valetkey.store import open_store


def keep(valetkey, settings, value):
    open_store(valetkey.store).put(session_key(settings), value)


def test_an_empty_store_says_what_to_do_and_is_not_made(valetkey, tmp_path):
    done = valetkey("status")
    assert done.code == ExitCode.DONE
    assert "No session yet. Log in: valetkey login URL" in done.out
    assert str(tmp_path / "sessions.db") in done.out
    assert list(tmp_path.iterdir()) == []


def test_a_session_is_told_with_server_account_issuer_scope_and_expiry(logged_in, server):
    shown = logged_in("status").out
    assert f"\n\n{server.url}\n  account  default\n  issuer   {server.origin}\n" in shown
    assert "  token    good for" in shown
    assert "not encrypted: only file permissions" in shown


def test_the_document_has_what_a_script_asks_for(logged_in, server):
    document = logged_in("status", "--json").document
    assert document["store"]["encrypted"] is False
    assert document["registered_clients"] == 1
    (session,) = document["sessions"]
    assert session["server_url"] == server.url
    assert (session["principal"], session["label"], session["state"]) == ("local", "default", "valid")
    assert session["has_refresh_token"] is True
    assert "token" not in json.dumps(document).replace("has_refresh_token", "").replace("token_type", "")


def test_an_account_that_is_not_there_is_told_with_those_that_are(logged_in):
    done = logged_in("status", "--label", "work")
    assert done.code == ExitCode.DONE
    assert done.out.endswith('\n\nNo session of "work". Choose one of: default.\n')
    assert logged_in("status", "--label", "w", "--principal", "bob").out.endswith(
        'No session of "w" of "bob". Choose one of: default.\n'
    )


def test_a_url_without_a_session_is_a_matter_of_a_login(logged_in, server):
    done = logged_in("status", f"{server.url}/other")
    assert done.code == ExitCode.LOGIN
    assert f"There is one at {server.url}" in done.err


def test_a_session_that_needs_a_person_is_told_to_a_script_by_the_exit_code(valetkey):
    url = "https://mcp.example.com/mcp"
    keep(valetkey, Settings(url=url), encode_session(a_session(refresh_token=None, expires_at=1.0)))
    assert valetkey("status", url).code == ExitCode.LOGIN
    assert valetkey("status").code == ExitCode.DONE


def test_a_record_of_an_older_version_is_found_by_the_url_and_shown_by_its_resource(valetkey):
    url = "https://mcp.example.com/mcp"
    keep(valetkey, Settings(url=url), encode_session(a_session()))
    (session,) = valetkey("status", "--json").document["sessions"]
    assert (session["server_url"], session["label"]) == (url, "default")
    keep(valetkey, Settings(url=url, label="work"), encode_session(a_session(resource="urn:other")))
    assert "a server that the record does not name" not in valetkey("status").out
    assert valetkey("status", url, "--label", "work").code == ExitCode.DONE


def test_a_record_that_is_damaged_or_of_a_newer_version_is_listed_as_such(valetkey):
    keep(valetkey, Settings(url="https://one.example.com"), b"{")
    newer = json.dumps({"format": 99, "kind": "session"}).encode()
    keep(valetkey, Settings(url="https://two.example.com"), newer)
    done = valetkey("status")
    assert done.code == ExitCode.DONE
    assert "is damaged" in done.out
    assert "written by a newer version" in done.out
    assert "(--store or VALETKEY_STORE)" in done.out
    assert [each["state"] for each in valetkey("status", "--json").document["sessions"]] == ["unreadable"] * 2


def test_a_record_that_cannot_be_read_is_named_by_the_url_that_was_given(valetkey):
    url = "https://one.example.com"
    keep(valetkey, Settings(url=url, label="work"), b"{")
    (session,) = valetkey("status", url, "--label", "work", "--json").document["sessions"]
    assert (session["server_url"], session["label"], session["state"]) == (url, "work", "unreadable")
    done = valetkey("logout", url, "--label", "work")
    assert done.out.startswith(f"Logged out of {url} (work): forgot the session.\n")


def test_a_store_whose_key_is_not_here_is_told_with_its_place(valetkey, tmp_path):
    key = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="
    locked = {"VALETKEY_STORE": f"sqlite:///{tmp_path / 'locked.db'}", "VALETKEY_STORE_ENCRYPTION": ""}
    from valetkey.store.encryption.protection import open_protected

    store = open_protected(locked["VALETKEY_STORE"], environment={"VALETKEY_STORE_KEY": key})
    store.put(session_key(Settings(url="https://mcp.example.com/mcp")), encode_session(a_session()))
    done = valetkey("status", **locked)
    assert done.code == ExitCode.STORE
    assert "locked.db" in done.err
    assert done.err.count("\n") == 2


def test_a_store_in_a_place_that_is_none_is_told(valetkey):
    done = valetkey("status", "--store", "sqlite:////proc/nothing/here.db")
    assert done.code in (ExitCode.STORE, ExitCode.DONE)
    assert valetkey("status", "--store", "nonsense:").code == ExitCode.USAGE
