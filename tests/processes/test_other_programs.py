# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Two programs on one store that do not fit: another key, another version. Nothing is written over what is there."""

import base64
import json

import pytest

from tests.adapters.server import McpServer
from tests.processes.child import Child
from tests.requirements import requirement
from tests.sessions.test_codec import OLD_RECORD
from valetkey._sessions.codec import FORMAT, decode_session
from valetkey.httpx2 import OAuth
from valetkey.store.backends.sqlite import SqliteStore

KEY, ANOTHER_KEY = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))

CALL = """
    import sys
    import httpx2
    from valetkey import AuthError
    from valetkey.httpx2 import OAuth

    auth = OAuth(sys.argv[1], store=f"sqlite:///{sys.argv[2]}", login="never")
    with httpx2.Client(auth=auth, trust_env=False) as client:
        try:
            print(client.get(sys.argv[1]).status_code)
        except AuthError as error:
            print(type(error).__name__, error)
"""


@pytest.fixture
def server():
    with McpServer() as running:
        yield running


@pytest.fixture
def path(tmp_path):
    return tmp_path / "valetkey" / "credentials.db"


def call(server, path, **environment):
    with Child(CALL, server.url, path, environment=environment) as child:
        return child.succeed().strip()


def everything_in(path):
    store = SqliteStore(path)
    return {key: store.get(key) for key in store.keys()}  # noqa: SIM118 - a store is no mapping


@requirement("SEC-11")
def test_a_program_with_another_key_or_none_gets_an_error_and_the_first_one_goes_on(server, path, monkeypatch):
    encrypting = {"VALETKEY_STORE_ENCRYPTION": "required", "VALETKEY_STORE_KEY": KEY}
    for name, value in encrypting.items():
        monkeypatch.setenv(name, value)
    OAuth(server.url, store=f"sqlite:///{path}", login=server.person).engine.replace(None)
    before = everything_in(path)
    token = next(iter(server.authorization._access_tokens))
    assert not any(token.encode() in record.value for record in before.values())

    for wrong in ({"VALETKEY_STORE_KEY": ANOTHER_KEY}, {"VALETKEY_STORE_KEY": "", "VALETKEY_STORE_ENCRYPTION": ""}):
        assert call(server, path, **{**encrypting, **wrong}).startswith("StoreLocked")
    assert everything_in(path) == before

    server.seen.clear()
    assert call(server, path, **encrypting) == "200"
    assert [seen.token for seen in server.seen] == [token]


def kept_key(server, path):
    """The key a session of this server is kept under, and the store."""
    auth = OAuth(server.url, store=f"sqlite:///{path}", login=server.person)
    auth.engine.replace(None)
    return auth.engine._attempts.sessions.key, SqliteStore(path)


def test_a_record_of_a_newer_version_is_an_error_with_a_hint_and_stays(server, path):
    key, store = kept_key(server, path)
    newer = json.dumps({"format": FORMAT + 1, "kind": "session", "what": "nobody here knows"}).encode()
    store.put(key, newer)
    assert "Update Valetkey" in call(server, path)
    assert store.get(key).value == newer


def test_a_record_of_an_older_version_serves_and_is_renewed_in_the_present_format(server, path):
    key, store = kept_key(server, path)
    session = decode_session(store.get(key).value)
    older = json.loads(json.dumps(OLD_RECORD))
    older["token"] |= {"access_token": session.token.access_token.reveal(), "expires_at": 1.0}
    older["token"]["refresh_token"] = session.token.refresh_token.reveal()
    older["client"] |= {"client_id": session.client.client_id, "issuer": session.issuer, "authentication": "none"}
    older["server"] |= {"issuer": session.issuer, "token_endpoint": session.server.token_endpoint}
    store.put(key, json.dumps({**older, "resource": session.resource}).encode())
    assert call(server, path) == "200"
    renewed = json.loads(store.get(key).value)
    assert (renewed["format"], renewed["refresh_intent"]) == (FORMAT, None)
    assert renewed["token"]["refresh_token"] != session.token.refresh_token.reveal()
