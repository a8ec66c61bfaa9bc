# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Whatever is wrong comes out as one readable error at once, and the next try may succeed."""

import socket
import time
from dataclasses import dataclass

import pytest

from haystack_integrations.tools.mcp_oauth import MCPAuthorizationError, OAuthConfig, StreamableHttpServerInfo
from tests.haystack.calling import call, tool_of
from tests.haystack.stored import stored_session
from valetkey.errors import (
    LoginFailed,
    MalformedDocument,
    StateMismatch,
    StoreError,
    Unsupported,
)

SOON = 10.0
"""Seconds from the cause to the error, on a busy machine too: much less than Haystack's clock of 30 seconds."""


@pytest.fixture(params=["toolset", "tool"])
def connect(request, open_toolset, open_tool):
    """Make tools of a server info, and give what connects them."""
    make = open_toolset if request.param == "toolset" else open_tool
    return lambda info: make(info).warm_up


@dataclass
class Fault:
    """What is wrong, and how it is mended."""

    error: type
    words: str
    breaks: object
    mends: object


def switches(**wrong):
    """A fault that is made of switches of the server."""

    def throw(as_usual):
        def set_all(server, person):
            for name, value in wrong.items():
                setattr(server.switches, name, value != as_usual)

        return set_all

    return {"breaks": throw(False), "mends": throw(True)}


FAULTS = {
    "no metadata anywhere": Fault(Unsupported, "publishes nothing", **switches(publishes=False, announces=False)),
    "metadata that is announced and not there": Fault(Unsupported, "none can be read", **switches(publishes=False)),
    "no S256": Fault(Unsupported, "S256", **switches(knows_s256=False)),
    "no registration and no client": Fault(Unsupported, "client_id", **switches(registers=False)),
    "a person who says no": Fault(LoginFailed, "access_denied", **switches(denies=True)),
    "a token endpoint with a web page": Fault(MalformedDocument, "/oauth/token", **switches(token_page=True)),
    "an answer to another login": Fault(
        StateMismatch,
        "belongs to another login",
        breaks=lambda server, person: person.is_tampered_with(),
        mends=lambda server, person: person.is_tampered_with(no_more=True),
    ),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_told_at_once_and_once_it_is_mended_the_same_tools_connect(misbehaving, fault, connect, person):
    info = StreamableHttpServerInfo(url=misbehaving.mcp_url)
    warm_up = connect(info)
    fault.breaks(misbehaving, person)
    with pytest.raises(MCPAuthorizationError) as raised:
        warm_up()
    assert time.monotonic() - misbehaving.seen[-1].at < SOON
    assert type(raised.value.error) is fault.error
    assert fault.words in str(raised.value)
    assert misbehaving.mcp_url in str(raised.value)
    assert is_one_sentence(raised.value.hint)
    fault.mends(misbehaving, person)
    if fault.error is LoginFailed:  # what a person has declined rests
        info.login()
    warm_up()


def is_one_sentence(text):
    return text.endswith(".") and ". " not in text


def test_a_login_nobody_finishes_ends_in_time_and_the_next_one_may_succeed(misbehaving, connect, person):
    person.waits()
    warm_up = connect(StreamableHttpServerInfo(url=misbehaving.mcp_url, oauth_config=OAuthConfig(login_timeout=0.3)))
    with pytest.raises(MCPAuthorizationError, match="was not completed within") as raised:
        warm_up()
    assert time.monotonic() - misbehaving.seen[-1].at < 0.3 + SOON
    assert type(raised.value.error) is LoginFailed
    assert is_one_sentence(raised.value.hint)
    person.hurries()
    connect(StreamableHttpServerInfo(url=misbehaving.mcp_url))()


def test_a_failed_login_keeps_the_registration(misbehaving, connect, person):
    misbehaving.switches.denies = True
    warm_up = connect(StreamableHttpServerInfo(url=misbehaving.mcp_url))
    for _ in range(2):
        with pytest.raises(MCPAuthorizationError, match="access_denied"):
            warm_up()
    assert len(misbehaving.requests("/register")) == 1
    assert person.logins == 1


def test_a_taken_redirect_port_is_told_and_can_be_freed(misbehaving, connect, person):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        redirect_uri = f"http://127.0.0.1:{taken.getsockname()[1]}/callback"
        config = OAuthConfig(redirect_uri=redirect_uri)
        warm_up = connect(StreamableHttpServerInfo(url=misbehaving.mcp_url, oauth_config=config))
        started = time.monotonic()
        with pytest.raises(MCPAuthorizationError, match=redirect_uri) as raised:
            warm_up()
        assert time.monotonic() - started < SOON
    assert type(raised.value.error) is LoginFailed
    assert is_one_sentence(raised.value.hint)
    assert person.logins == 0
    warm_up()
    assert person.logins == 1


def test_an_unreadable_store_is_told_and_left_as_it_is(misbehaving, connect, person, store):
    store.parent.mkdir(mode=0o700)
    store.write_bytes(b"this is no database, but it may be somebody's work")
    store.chmod(0o600)
    warm_up = connect(StreamableHttpServerInfo(url=misbehaving.mcp_url))
    started = time.monotonic()
    with pytest.raises(MCPAuthorizationError, match=str(store)) as raised:
        warm_up()
    assert time.monotonic() - started < SOON
    assert type(raised.value.error) is StoreError
    assert is_one_sentence(raised.value.hint)
    assert store.read_bytes() == b"this is no database, but it may be somebody's work"
    assert person.logins == 0
    assert {one.status for one in misbehaving.seen} == {401}  # the call itself; nothing was asked about a login
    store.unlink()
    warm_up()
    assert person.logins == 1


@pytest.mark.parametrize(
    ("fault", "named", "asked"),
    [("publishes", "announces metadata for its login", 1), ("token_page", "oauth/token", 2)],
)
def test_a_fault_during_the_run_loses_nothing_that_is_stored(
    misbehaving, fault, named, asked, open_toolset, person, store
):
    """
    A refresh that cannot be read ends nothing. The access token is of no use, so a login is begun beside the record.

    The login meets the same fault. The record stays, and the next call refreshes with it. Rows A1, A4.
    """
    add = tool_of(open_toolset(misbehaving.mcp_url))
    before = stored_session(store)
    misbehaving.revoke_access_tokens()
    setattr(misbehaving.switches, fault, fault == "token_page")
    with pytest.raises(Exception, match=named) as raised:
        call(add, a=1, b=2)
    assert "\n" not in str(raised.value)
    assert stored_session(store) == before
    setattr(misbehaving.switches, fault, fault != "token_page")
    assert call(add, a=1, b=2) == "3"
    assert person.logins == asked
