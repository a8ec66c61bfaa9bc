# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`valetkey export` and `valetkey import`: nothing is lost on the way, and nothing is plain without a word."""

import time

import pytest

from tests.cli.commands import CommandLine
from tests.migrate.files import CLIENT, TOKENS, write
from valetkey._cli.moving import store_name
from valetkey._cli.outcome import ExitCode
from valetkey.migrate.mcp_remote import Invocation

KEY = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="


def test_sessions_move_to_another_store_and_back(logged_in, server, tmp_path):
    other = tmp_path / "other.db"
    done = logged_in("export", other, "--plain")
    assert done.code == ExitCode.DONE
    assert f"moved from {tmp_path / 'sessions.db'} to {other} (not encrypted)" in done.out
    assert logged_in("status", server.url).code == ExitCode.LOGIN
    assert logged_in("token", server.url, "--store", f"sqlite:///{other}").code == ExitCode.DONE
    assert logged_in("import", "store", other, "--plain", "--json").document["records"] >= 2
    assert logged_in("token", server.url).code == ExitCode.DONE


def test_a_copy_stays_where_it_was(logged_in, server, tmp_path):
    assert logged_in("export", tmp_path / "other.db", "--plain", "--copy", "--json").document["copied"] is True
    assert logged_in("token", server.url).code == ExitCode.DONE


def test_no_session_lies_about_in_plain_unless_the_person_says_so(logged_in, tmp_path):
    done = logged_in("export", tmp_path / "other.db")
    assert done.code == ExitCode.USAGE
    assert "is not encrypted" in done.err
    assert "--plain" in done.err
    assert not (tmp_path / "other.db").exists()


def test_with_a_key_the_new_store_is_encrypted(logged_in, tmp_path, server):
    secure = CommandLine(tmp_path / "encrypted.db")
    key = {"VALETKEY_STORE_KEY": KEY, "VALETKEY_STORE_ENCRYPTION": ""}
    assert secure("login", server.url, **key).code == ExitCode.DONE
    document = secure("export", tmp_path / "moved.db", "--json", **key).document
    assert document["encrypted"] is True
    assert b"access" not in (tmp_path / "moved.db").read_bytes()


@pytest.mark.parametrize("rule", ["", "required"])
def test_sessions_of_a_plain_store_are_encrypted_on_their_way_by_the_key_that_the_hint_names(
    logged_in, server, tmp_path, rule
):
    assert "Give a key (VALETKEY_STORE_KEY" in logged_in("export", tmp_path / "refused.db").err
    key = {"VALETKEY_STORE_KEY": KEY, "VALETKEY_STORE_ENCRYPTION": rule}
    anew = f"sqlite:///{tmp_path}/./sessions.db"  # this process has opened the other spelling without the key
    done = logged_in("export", tmp_path / "moved.db", "--store", anew, **key)
    assert (done.code, "(encrypted)" in done.out) == (ExitCode.DONE, True)
    moved = CommandLine(tmp_path / "moved.db")
    assert moved("token", server.url, **key).code == ExitCode.DONE
    assert b"access" not in (tmp_path / "moved.db").read_bytes()


def test_records_that_differ_are_not_overwritten_unless_the_person_says_so(logged_in, server, tmp_path):
    other = tmp_path / "other.db"
    logged_in("export", other, "--plain", "--copy")
    logged_in("refresh", server.url)
    done = logged_in("export", other, "--plain")
    assert done.code == ExitCode.USAGE
    assert "--overwrite" in done.err
    assert logged_in("export", other, "--plain", "--overwrite").code == ExitCode.DONE


def test_a_store_that_ends_with_the_command_is_refused(logged_in, server):
    assert logged_in("export", "memory:", "--plain").code == ExitCode.USAGE
    assert logged_in("token", server.url).code == ExitCode.DONE


def test_a_path_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert store_name("a.db") == f"sqlite:///{tmp_path}/a.db"
    assert store_name("redis://host") == "redis://host"
    assert store_name("memory:") == "memory:"


def of_mcp_remote(folder, server, **changes):
    invocation = Invocation(server.url, **changes)
    expires_at = int((time.time() + 3000) * 1000)
    tokens = TOKENS.replace("https://auth.example.com", server.origin).replace("1800003000000", str(expires_at))
    return write(folder, tokens, CLIENT.replace("https://auth.example.com", server.origin), invocation=invocation)


def test_the_session_of_mcp_remote_is_taken_over(valetkey, server, tmp_path):
    folder = of_mcp_remote(tmp_path / "auth", server)
    done = valetkey("import", "mcp-remote", server.url, "--folder", folder)
    assert done.code == ExitCode.DONE
    assert f"Took the session at {server.url} over from mcp-remote" in done.out
    assert valetkey("token", server.url).out == "access-of-mcp-remote\n"
    done = valetkey("import", "mcp-remote", server.url, "--folder", folder)
    assert done.code == ExitCode.USAGE
    assert "--overwrite" in done.err
    again = valetkey("import", "mcp-remote", server.url, "--folder", folder, "--overwrite", "--json")
    assert again.document["issuer"] == server.origin
    assert "access-of-mcp-remote" not in again.out


def test_it_is_found_by_the_options_that_mcp_remote_was_run_with(valetkey, server, tmp_path):
    given = {"headers": {"X-Tenant": "one"}, "authorization_parameters": {"prompt": "consent"}}
    folder = of_mcp_remote(tmp_path / "auth", server, **given)
    assert valetkey("import", "mcp-remote", server.url, "--folder", folder).code == ExitCode.LOGIN
    options = ("--header", "X-Tenant: one", "--authorize-param", "prompt=consent", "--label", "work")
    assert valetkey("import", "mcp-remote", server.url, "--folder", folder, *options).code == ExitCode.DONE
    assert valetkey("token", server.url, "--label", "work").code == ExitCode.DONE


def test_an_option_without_a_value_is_wrong_usage(valetkey, server):
    assert valetkey("import", "mcp-remote", server.url, "--header", "X-Tenant").code == ExitCode.USAGE


def of_fastmcp(folder, server, *, key=None):
    import asyncio

    from valetkey._cli.moving import _storage

    folder.mkdir()
    token = {"access_token": "access-of-fastmcp", "token_type": "Bearer", "refresh_token": "r", "scope": "mcp"}
    client = {"redirect_uris": ["http://localhost:1/callback"], "client_id": "c", "issuer": server.origin}

    async def put():
        storage = _storage(folder, key)
        await storage.put(f"{server.url}/tokens", token, collection="mcp-oauth-token")
        await storage.put(f"{server.url}/client_info", client, collection="mcp-oauth-client-info")

    asyncio.run(put())


@pytest.mark.parametrize("encrypted", [False, True])
def test_the_session_of_fastmcp_is_taken_over(valetkey, server, tmp_path, encrypted):
    key = tmp_path / "key"
    key.write_bytes(b"dGhpcy1rZXktaXMtZm9yLXRlc3RzLWFuZC1ub3RoaW4=\n")
    of_fastmcp(tmp_path / "storage", server, key=str(key) if encrypted else None)
    options = ("--folder", tmp_path / "storage", *(("--key", key) if encrypted else ()))
    assert valetkey("import", "fastmcp", server.url, *options).code == ExitCode.DONE
    assert valetkey("token", server.url).out == "access-of-fastmcp\n"


def test_a_folder_or_a_key_of_fastmcp_that_is_none_is_wrong_usage(valetkey, server, tmp_path):
    assert valetkey("import", "fastmcp", server.url, "--folder", tmp_path / "none").code == ExitCode.USAGE
    (tmp_path / "key").write_text("no key")
    options = ("--folder", tmp_path, "--key", tmp_path / "key")
    assert valetkey("import", "fastmcp", server.url, *options).code == ExitCode.USAGE


def test_without_fastmcp_the_hint_says_what_to_install(valetkey, server, tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "key_value.aio.stores.filetree", None)
    done = valetkey("import", "fastmcp", server.url, "--folder", tmp_path)
    assert done.code == ExitCode.USAGE
    assert "pip install fastmcp" in done.err
