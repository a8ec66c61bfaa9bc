# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a web app does with the pending logins of its store: it has no settings of the servers."""

import pytest

from tests.adapters.server import McpServer
from valetkey._engine.factory import shared_engine
from valetkey._engine.pending import cancel_login, complete_login, find_pending, pending_of_answer
from valetkey._sessions.codec import login_key
from valetkey._sessions.pending_codec import decode_pending, encode_pending
from valetkey.errors import ConfigurationError, LoginFailed, LoginRequired, StateMismatch
from valetkey.settings import Network, Settings
from valetkey.store import open_store
from valetkey.store.backends.memory import MemoryStore
from valetkey.store.encryption.encrypted import EncryptedStore, list_keys
from valetkey.store.encryption.keys import DataKey, DataKeys

WEB_APP = {"public_url": "http://127.0.0.1:9", "principal": "alice"}


@pytest.fixture
def server():
    with McpServer() as running:
        yield running


@pytest.fixture
def store():
    return MemoryStore()


def begun(server, store, **settings):
    engine = shared_engine(Settings(url=server.url, **WEB_APP, **settings), store=store)
    return engine, engine.begin()


def answer(server, pending, **how):
    return server.authorization.visit(pending.authorization_url, **how)


def forget_the_engines_of_this_process(monkeypatch):
    """As another process would be: it has the store and nothing else."""
    monkeypatch.setattr("valetkey._engine.pending.living_engine", lambda store, fits: None)


def test_a_web_app_finds_a_login_by_the_id_in_its_link(server, store):
    """Trap 25."""
    _, pending = begun(server, store)
    login_id = pending.link.rpartition("/")[2]
    assert pending.link == f"http://127.0.0.1:9/mcp-oauth/start/{login_id}"
    assert find_pending(store, login_id) == pending
    assert (pending.principal, pending.server_url) == ("alice", server.url)
    for unknown in ("", "unknown", login_id[:-1], login_id.lower(), "a" * 1_000_000, "\ud800"):
        assert find_pending(store, unknown) is None


def test_a_web_app_finds_a_login_by_its_answer(server, store):
    """It has to know whose login it is before it does anything with the answer."""
    _, pending = begun(server, store)
    callback_url = answer(server, pending)
    assert pending_of_answer(store, callback_url) == pending
    assert pending_of_answer(store, callback_url.replace("state=", "state=x")) is None
    with pytest.raises(StateMismatch):
        pending_of_answer(store, callback_url.partition("?")[0])
    complete_login(store, callback_url, principal="alice")
    assert pending_of_answer(store, callback_url) is None


def test_a_process_that_has_nothing_but_the_store_completes_it(server, store, monkeypatch):
    """Every option that has a text is in the record. Trap 25."""
    options = {"label": "second", "scope": "read", "client_name": "Bot", "login_timeout": 60, "strict": True}
    engine, pending = begun(server, store, **options, authorization_parameters={"ui": "plain"})
    forget_the_engines_of_this_process(monkeypatch)
    session = complete_login(store, answer(server, pending), principal="alice")
    assert (session.requested_scope, session.terms.scope) == (("read",), ("read",))
    assert engine.replace(None) == session.token
    assert find_pending(store, pending.id) is None


def test_a_secret_of_the_user_is_used_from_the_record(server, store, monkeypatch):
    server.authorization.knows("mine", "http://127.0.0.1:9/mcp-oauth/callback", secret="s3cret")
    mine = {"client_id": "mine", "client_secret": "s3cret", "issuer": server.origin}
    engine, pending = begun(server, store, **mine)
    forget_the_engines_of_this_process(monkeypatch)
    session = complete_login(store, answer(server, pending), principal="alice")
    assert session.client.client_id == "mine"
    assert engine.replace(None) == session.token


def test_where_an_engine_of_the_session_lives_it_has_the_session_at_once(server, store):
    engine, pending = begun(server, store)
    session = complete_login(store, answer(server, pending), principal="alice")
    assert engine.session == session


def test_a_login_with_settings_that_have_no_text_is_completed_where_they_are(server, store, monkeypatch):
    engine, pending = begun(server, store, network=Network(headers={server.origin: {"X-Gateway": "a"}}))
    came = answer(server, pending)
    with monkeypatch.context() as patched:
        forget_the_engines_of_this_process(patched)
        with pytest.raises(ConfigurationError, match="was begun with network, which no record holds"):
            complete_login(store, came, principal="alice")
    assert complete_login(store, came, principal="alice") == engine.session


def test_the_answer_of_another_user_is_refused(server, store):
    """Trap 24."""
    _, pending = begun(server, store)
    for other in ("eve", "", "alice "):
        with pytest.raises(StateMismatch, match="for another user"):
            complete_login(store, answer(server, pending), principal=other)
    assert complete_login(store, answer(server, pending), principal="alice").token


def test_a_login_that_is_cancelled_is_over(server, store):
    engine, pending = begun(server, store)
    came = answer(server, pending)
    assert cancel_login(store, pending.id)
    assert not cancel_login(store, pending.id)
    with pytest.raises(LoginFailed, match="No login waits"):
        complete_login(store, came, principal="alice")
    with pytest.raises(LoginRequired) as caught:
        engine.replace(None)
    assert caught.value.authorization_url != pending.link


def test_a_store_may_be_given_by_name(server):
    store = open_store("memory:")
    _, pending = begun(server, store)
    assert find_pending("memory:", pending.id) == pending
    assert complete_login("memory:", answer(server, pending), principal="alice").token


def test_a_record_that_is_damaged_is_no_login_and_another_one_is_begun(server, store):
    engine, pending = begun(server, store)
    store.put(login_key(pending.id), b"{")
    assert find_pending(store, pending.id) is None
    assert engine.begin().link != pending.link


def test_a_record_that_is_copied_to_another_id_is_no_login(server, store):
    _, pending = begun(server, store)
    record = decode_pending(store.get(login_key(pending.id)).value)
    store.put(login_key("another"), encode_pending(record))
    assert find_pending(store, "another") is None
    assert find_pending(store, pending.id) == pending


def test_in_an_encrypted_store_nothing_of_a_login_can_be_read(server):
    """The record of a pending login is a record like every other one."""
    backend = MemoryStore()
    store = EncryptedStore(backend, DataKeys(DataKey(bytes(range(32)))))
    _, pending = begun(server, store)
    record = decode_pending(store.get(login_key(pending.id)).value)
    secrets = (record.request.state.reveal(), record.request.verifier.reveal(), pending.id, "alice")
    stored = [backend.get(key).value + key.encode() for key in list_keys(backend)]
    assert [secret for secret in secrets if any(secret.encode() in value for value in stored)] == []
    assert complete_login(store, answer(server, pending), principal="alice").token
