# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a program does with an `OAuth` object by name, over real HTTP: log in, look, log out, copy, print."""

import copy
import multiprocessing
import pickle
from dataclasses import dataclass

import anyio
import pytest

import valetkey
import valetkey.httpx
import valetkey.httpx2
from tests.adapters.server import Answer, McpServer
from tests.adapters.ways import WAYS
from tests.fakes.threads import LONGEST_WAIT, in_background
from valetkey.errors import ConfigurationError, LoginRequired, StoreError, TemporaryError
from valetkey.store.backends.memory import MemoryStore

URL = "https://mcp.example.com/mcp"
CLASSES = [valetkey.OAuth, valetkey.httpx.OAuth, valetkey.httpx2.OAuth]
each_class = pytest.mark.parametrize("oauth", CLASSES, ids=["both", "httpx", "httpx2"])
every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.library_name} {way.mode}")
CALL = {"json": {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}}


@pytest.fixture
def server():
    with McpServer() as running:
        yield running


def log_in(way, auth, **options):
    if way.mode == "sync":
        return auth.login(**options)

    async def main():
        return await auth.login_async(**options)

    return anyio.run(main, backend=way.mode)


def log_out(way, auth):
    return auth.logout() if way.mode == "sync" else anyio.run(auth.logout_async, backend=way.mode)


# Logging in.


@every_way
def test_a_login_ahead_of_time_costs_one_question_and_the_first_call_is_served_at_once(way, server):
    auth = way.auth(server)
    session = log_in(way, auth)
    assert session == auth.session
    (response,) = way.send(auth, ("POST", server.url, CALL))
    assert response.status_code == 200
    question, call = server.seen
    assert (question.token, call.token) == (None, session.token.access_token.reveal())
    assert question.field("Mcp-Session-Id") is None
    assert len(server.person.asked) == 1


@every_way
def test_a_server_that_never_answers_401_gets_the_token_after_a_login_by_name(way, server):
    """Row E9."""
    server.wants_login = False
    auth = way.auth(server)
    way.send(auth, ("POST", server.url, CALL))
    session = log_in(way, auth)
    way.send(auth, ("POST", server.url, CALL))
    tokens = [seen.token for seen in server.seen]
    assert tokens == [None, None, session.token.access_token.reveal()]


@every_way
def test_a_server_that_offers_no_login_is_asked_and_nothing_else_happens(way, server):
    server.wants_login = False
    server.authorization.describes_the_resource_at = ()
    auth = way.auth(server)
    assert log_in(way, auth) is None
    assert auth.session is None
    assert server.person.asked == []


@every_way
def test_a_second_login_by_name_asks_the_server_and_no_person(way, server):
    auth = way.auth(server)
    first, second = log_in(way, auth), log_in(way, auth)
    assert first == second
    assert server.seen[-1].token == second.token.access_token.reveal()
    assert len(server.person.asked) == 1


def test_a_stream_without_an_end_answers_the_question(server):
    server.wants_login = False
    server.routes["/mcp"] = lambda seen: Answer(200, (("Content-Type", "text/event-stream"),), b": open\n\n", endless)
    auth = valetkey.OAuth(server.url, login=server.person, store=MemoryStore())
    assert auth.login() == auth.session
    assert len(server.person.asked) == 1


def endless():
    return b": still open\n\n"


@pytest.mark.parametrize("wants_login", [True, False])
def test_a_server_behind_a_redirect_to_the_path_with_a_slash_is_asked_there(server, wants_login):
    server.wants_login = wants_login
    server.routes["/mcp"] = lambda seen: Answer(307, (("Location", f"{server.url}/"),), b"")
    auth = valetkey.OAuth(server.url, login=server.person, store=MemoryStore())
    assert auth.login() == auth.session
    assert [seen.path for seen in server.seen] == ["/mcp", "/mcp/"]


@every_way
def test_a_server_that_cannot_be_reached_is_named(way, server):
    closed = server.url.replace("/mcp", "").rpartition(":")[0] + ":9/mcp"
    with pytest.raises(TemporaryError, match=closed):
        log_in(way, way.oauth(closed, store="memory:", login=server.person))
    assert server.person.asked == []


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@each_class
def test_an_event_loop_never_waits_for_a_person(oauth, backend, server):
    auth = oauth(server.url, login=server.person, store=MemoryStore())

    async def main():
        return auth.login()

    with pytest.raises(ConfigurationError, match=r"await login_async\(\)"):
        anyio.run(main, backend=backend)
    assert server.seen == []


@each_class
def test_a_program_that_may_ask_nobody_is_told_that_a_person_is_needed(oauth, server):
    with pytest.raises(LoginRequired):
        oauth(server.url, login="never", store=MemoryStore()).login()


@each_class
def test_a_machine_logs_in_by_name(oauth, server):
    server.authorization.knows("machine", secret="s3cret")
    machine = {"client_id": "machine", "client_secret": "s3cret", "issuer": server.origin}
    auth = oauth(server.url, store=MemoryStore(), **machine)
    assert server.authorization.accepts(auth.login().token.access_token.reveal())


def test_a_forked_child_logs_in_on_its_own(server):
    server.authorization.knows("machine", secret="s3cret")
    machine = {"client_id": "machine", "client_secret": "s3cret", "issuer": server.origin}
    auth = valetkey.OAuth(server.url, store=MemoryStore(), **machine)
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=lambda: theirs.send(auth.login() is not None), daemon=True)
    child.start()
    assert ours.poll(LONGEST_WAIT)
    assert ours.recv() is True
    child.join(LONGEST_WAIT)
    assert auth.session is None  # the child's memory is its own
    assert auth.login() == auth.session


# The session.


def test_the_session_is_read_from_the_store_where_another_program_may_have_changed_it(server):
    store = MemoryStore()
    one, other = (valetkey.OAuth(server.url, login=server.person, store=store) for _ in range(2))
    assert (one.session, other.session) == (None, None)
    session = one.login()
    assert one.session == other.session == session
    other.logout()
    assert one.session is None


def test_a_store_that_cannot_be_read_is_an_error_of_the_session(tmp_path):
    (tmp_path / "sessions.db").write_bytes(b"this is no database" * 100)
    auth = valetkey.OAuth(URL, store=f"sqlite:///{tmp_path / 'sessions.db'}")
    with pytest.raises(StoreError) as caught:
        _ = auth.session
    assert URL in str(caught.value)
    assert "sessions.db" in str(caught.value)


@every_way
def test_a_logout_ends_the_session_and_says_how(way, server):
    auth = way.auth(server)
    log_in(way, auth)
    result = log_out(way, auth)
    assert isinstance(result, valetkey.LogoutResult)
    assert (result.existed, result.revoked) == (True, False)
    assert "no revocation" in result.problem
    assert auth.session is None
    assert log_out(way, auth) == valetkey.LogoutResult(existed=False)


# Copies.


@dataclass
class Parameters:
    url: str
    auth: object


@each_class
def test_a_copy_is_the_object_itself_however_deep_it_lies(oauth):
    """Row E5."""
    auth = oauth(URL, store="memory:")
    assert copy.copy(auth) is auth
    assert copy.deepcopy(auth) is auth
    nested = copy.deepcopy({"servers": [{"url": URL, "auth": auth}, Parameters(URL, auth)], "again": (auth,)})
    assert nested["servers"][0]["auth"] is nested["servers"][1].auth is nested["again"][0] is auth


def test_a_copy_shares_the_login(server):
    """Row E5."""
    auth = valetkey.OAuth(server.url, login=server.person, store=MemoryStore())
    session = copy.deepcopy(auth).login()
    assert auth.session == session
    assert len(server.person.asked) == 1


@each_class
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("wrapped", [False, True], ids=["alone", "in a list"])
def test_a_pickle_is_refused_with_what_to_do_instead(oauth, protocol, wrapped):
    """Row E5."""
    auth = oauth(URL, store="memory:")
    with pytest.raises(TypeError, match=r"OAuth is not pickled.*Make one with the same options"):
        pickle.dumps([auth] if wrapped else auth, protocol)


# What is printed.


@each_class
def test_it_is_printed_with_its_server_and_what_tells_it_from_others(oauth):
    """Row E5."""
    assert repr(oauth(URL, store="memory:")) == f"<OAuth({URL!r}): not used yet>"
    assert str(oauth(URL, store="memory:", principal="anna", label="work")) == (
        f"<OAuth({URL!r}, principal='anna', label='work'): not used yet>"
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://mcp.example.com/mcp?api_key=s3cret", "https://mcp.example.com/mcp?api_key=…"),
        ("https://user:s3cret@mcp.example.com/mcp", "https://mcp.example.com/mcp"),
        ("https://mcp.example.com:8443/mcp#s3cret", "https://mcp.example.com:8443/mcp"),
    ],
)
def test_what_may_be_a_secret_in_a_url_is_not_printed(url, shown):
    """Row E5."""
    printed = repr(valetkey.OAuth(url, store="memory:", client_id="id", client_secret="s3cret", issuer="https://as.ex"))
    assert (f"<OAuth({shown!r})" in printed, "s3cret" in printed) == (True, False)


def test_it_is_printed_where_the_login_stands(server):
    """Row E5."""
    auth = valetkey.OAuth(server.url, login=server.person, store=MemoryStore())
    server.person.never_answers = True
    login = in_background(auth.login)
    assert server.person.has_been_asked.wait(LONGEST_WAIT)
    assert f'waits for a person to log in at "{server.origin}"' in repr(auth)
    auth.logout()
    assert login.exception(LONGEST_WAIT) is not None
    assert "not logged in" in repr(auth)
    server.person.never_answers = False
    session = auth.login()
    assert f'logged in at "{server.origin}">' in repr(auth)
    for secret in (session.token.access_token, session.token.refresh_token):
        assert secret.reveal() not in repr(auth)
