# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A session goes from process to process, and none is lost when one ends in the middle."""

import http.client
import signal
import threading
import time
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from tests.adapters.server import McpServer
from tests.fakes.threads import LONGEST_WAIT, until
from tests.processes.child import Child
from tests.requirements import requirement
from valetkey._sessions.codec import decode_session, encode_session
from valetkey.httpx2 import OAuth
from valetkey.store.backends.sqlite import SqliteStore

NOWHERE = {"BROWSER": "", "DISPLAY": "", "WAYLAND_DISPLAY": "", "WSL_DISTRO_NAME": "", "SSH_CONNECTION": ""}


@pytest.fixture
def server():
    with McpServer() as running:
        yield running


@pytest.fixture
def store(tmp_path):
    return SqliteStore(tmp_path / "valetkey" / "credentials.db")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "valetkey" / "credentials.db"


def logged_in(server, store, **changes):
    """Let a person log in with this process, and forget what led there; the token then gets the changes."""
    auth = OAuth(server.url, store=store, login=server.person)
    auth.engine.replace(None)
    if changes:
        keep(auth, store, **changes)
    server.authorization.requests.clear()
    return auth


def keep(auth, store, **changes):
    key = auth.engine._attempts.sessions.key
    session = decode_session(store.get(key).value)
    store.put(key, encode_session(replace(session, token=replace(session.token, **changes))))


def kept(auth, store):
    return decode_session(store.get(auth.engine._attempts.sessions.key).value)


CALL = """
    import sys
    import httpx2
    from valetkey.httpx2 import OAuth

    auth = OAuth(sys.argv[1], store=f"sqlite:///{sys.argv[2]}", login="never")
    with httpx2.Client(auth=auth, trust_env=False) as client:
        print(client.get(sys.argv[1]).status_code, flush=True)
"""


def test_the_next_process_goes_on_without_asking_anybody(server, store, path):
    auth = logged_in(server, store)
    with Child(CALL, server.url, path) as child:
        assert child.succeed() == "200\n"
    assert [seen.token for seen in server.seen] == [kept(auth, store).token.access_token.reveal()]
    assert server.authorization.requests == []


@requirement("REF-7")
def test_the_next_process_renews_an_expired_session_without_any_discovery(server, store, path):
    auth = logged_in(server, store, expires_at=1.0)
    with Child(CALL, server.url, path) as child:
        assert child.succeed() == "200\n"
    assert server.authorization.log() == [f"POST {server.origin}/token"]
    assert [seen.token for seen in server.seen] == [kept(auth, store).token.access_token.reveal()]


@requirement("REF-7")
def test_processes_that_find_an_expired_session_renew_it_once(server, store, path):
    logged_in(server, store, expires_at=1.0)
    children = [Child(CALL, server.url, path) for _ in range(3)]
    for child in children:
        with child:
            assert child.succeed() == "200\n"
    assert server.authorization.grant_types() == ["refresh_token"]
    assert len({seen.token for seen in server.seen}) == 1


def test_this_process_takes_what_another_has_renewed(server, store, path):
    auth = logged_in(server, store)
    stale = auth.engine.session.token
    server.authorization.forget_access_tokens()
    with Child(CALL, server.url, path) as child:
        assert child.succeed() == "200\n"
    assert auth.engine.replace(stale) == kept(auth, store).token
    assert server.authorization.grant_types() == ["refresh_token"]


RENEW_AND_LEAVE = """
    import sys
    import httpx2
    from valetkey.httpx2 import OAuth

    auth = OAuth(sys.argv[1], store=f"sqlite:///{sys.argv[2]}", login="never")
    with httpx2.Client(auth=auth, trust_env=False) as client:
        print(client.get(sys.argv[1]).status_code, flush=True)
    sys.stdin.readline()
    print("leaving", flush=True)
"""


@requirement("REF-8")
def test_a_process_that_ends_while_it_renews_finishes_and_saves(server, store, path):
    now = time.time()
    auth = logged_in(server, store, obtained_at=now - 3000, expires_at=now + 30)
    before = kept(auth, store).token
    gate = server.authorization.gate(f"{server.origin}/token")
    with Child(RENEW_AND_LEAVE, server.url, path) as child:
        assert child.hear() == "200"
        assert gate.reached.wait(LONGEST_WAIT)
        child.tell()
        assert child.hear() == "leaving"
        gate.opened.set()
        child.succeed()
    after = kept(auth, store)
    assert after.token.access_token != before.access_token
    assert after.token.refresh_token != before.refresh_token
    assert after.refresh_intent is None
    assert server.authorization.grant_types() == ["refresh_token"]


def test_a_renewal_that_begins_when_the_process_ends_loses_nothing(server, store, path):
    now = time.time()
    auth = logged_in(server, store, obtained_at=now - 3000, expires_at=now + 30)
    with Child(CALL, server.url, path) as child:
        assert child.succeed() == "200\n"
    assert len(server.seen) == 1
    fresh = OAuth(server.url, store=store, login="never")
    assert server.authorization.accepts(fresh.engine.replace(kept(auth, store).token).access_token.reveal())


LOG_IN = """
    import sys, threading
    from valetkey.errors import LoginRequired, TemporaryError
    from valetkey.httpx2 import OAuth
    from valetkey.login import PrintedLink

    auth = OAuth(sys.argv[1], store=f"sqlite:///{sys.argv[2]}", login=PrintedLink())
    while True:
        try:
            auth.engine.replace(None, seconds=float(sys.argv[3]))
        except TemporaryError:
            continue  # on a busy machine, the person has not been asked by then
        except LoginRequired as error:
            print(error.authorization_url, flush=True)
        break
"""


def test_a_process_that_ends_while_a_person_is_asked_does_not_wait_for_the_login(server, path):
    """The login itself goes on for five minutes."""
    with Child(LOG_IN, server.url, path, 0.5, environment=NOWHERE) as child:
        url = child.hear()
        child.succeed()
    assert url.startswith(f"{server.origin}/authorize?")


def test_a_login_can_be_stopped_with_control_c(server, path):
    """Left alone, it would wait for five minutes."""
    with Child(LOG_IN, server.url, path, 300, environment=NOWHERE) as child:
        while "/authorize?" not in child.process.stderr.readline():
            pass
        child.process.send_signal(signal.SIGINT)
        code, _, errors = child.end()
    assert code != 0
    assert "KeyboardInterrupt" in errors


def test_the_login_of_one_process_serves_another_that_waits_for_it(server, store, path):
    """The second process asks nobody: it waits for the session."""
    asked = threading.Event()
    gate = server.person.gate = server.authorization.gate("person")
    auth = OAuth(server.url, store=store, login=server.person)
    login = threading.Thread(target=lambda: (auth.engine.replace(None), asked.set()))
    login.start()
    assert gate.reached.wait(LONGEST_WAIT)
    with Child(CALL, server.url, path) as child:
        until(lambda: len(server.seen) == 1)  # it has been rejected and now waits
        gate.opened.set()
        assert child.succeed() == "200\n"
    login.join(LONGEST_WAIT)
    assert len(server.person.asked) == 1
    assert server.authorization.grant_types() == ["authorization_code"]


SHOW_AND_LEAVE = """
    import os, threading
    from valetkey.login import LoginPrompt
    from valetkey.login.loopback import LoopbackLogin

    def show(prompt):
        print(prompt.redirect_uri, flush=True)

    with LoopbackLogin(show).open(None, fixed=False) as attempt:
        link = "https://as.example/authorize?state=s"
        told = ("https://mcp.example/mcp", "https://as.example", link, attempt.redirect_uri)
        attempt.ask(LoginPrompt(*told), seconds=20, cancelled=threading.Event())
        attempt.conclude(None)
        os._exit(0)
"""


def test_the_person_sees_the_end_of_the_login_even_if_the_process_ends_with_it():
    for _ in range(3):
        with Child(SHOW_AND_LEAVE) as child:
            address = urlsplit(child.hear())
            browser = http.client.HTTPConnection(address.hostname, address.port, timeout=LONGEST_WAIT)
            browser.request("GET", f"{address.path}?code=c&state=s")
            assert b"You are logged in" in browser.getresponse().read()
            browser.close()
            child.succeed()


FORK = """
    import os, sys, threading
    from valetkey.httpx2 import OAuth
    from valetkey.settings import Settings
    from valetkey.store.backends.memory import MemoryStore

    store = MemoryStore() if sys.argv[2] == "memory:" else f"sqlite:///{sys.argv[2]}"
    shown_in_the_body = Settings(client_authentication="client_secret_post")
    machine = {"client_id": "machine", "client_secret": "s3cret", "issuer": sys.argv[3]}
    auth = OAuth(sys.argv[1], store=store, **machine, settings=shown_in_the_body)
    threading.Thread(target=lambda: auth.engine.replace(None), daemon=True).start()
    print("started", flush=True)
    sys.stdin.readline()
    child = os.fork()
    if child == 0:
        sys.stdin.readline()
        print("child: " + ("token" if auth.engine.replace(None, seconds=10) else "none"), flush=True)
        os._exit(0)
    print("forked", flush=True)
    os.waitpid(child, 0)
    print("parent: " + ("token" if auth.engine.replace(None, seconds=10) else "none"), flush=True)
"""


@pytest.mark.parametrize("kind", ["memory:", "file"])
def test_a_child_forked_while_a_token_is_obtained_obtains_its_own(kind, path, server):
    """It has the parent's futures and leases, and not the thread that would ever end them."""
    server.authorization.knows("machine", secret="s3cret")
    gate = server.authorization.gate(f"{server.origin}/token")
    place = path if kind == "file" else kind
    with Child(FORK, server.url, place, server.authorization.issuer) as parent:
        assert parent.hear() == "started"
        assert gate.reached.wait(LONGEST_WAIT)
        parent.tell()
        assert parent.hear() == "forked"
        gate.opened.set()
        parent.tell()
        assert parent.hear() == "child: token"
        assert parent.succeed() == "parent: token\n"
