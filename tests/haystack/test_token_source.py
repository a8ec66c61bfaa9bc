# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A source of the user's own gives the access tokens: no discovery, no login.

Those of `oauth-haystack` are in `test_oauth_haystack`; these do what a test has them do, and may have `invalidate`.
"""

import asyncio
import copy
import threading

import httpx2
import pytest
import yaml
from haystack import default_from_dict, default_to_dict
from haystack.core.errors import DeserializationError
from haystack.utils import Secret

from haystack_integrations.tools.mcp_oauth import (
    MCPAuthorizationError,
    MCPToolset,
    OAuthConfig,
    SSEServerInfo,
    StreamableHttpServerInfo,
    as_user,
    current_user,
    token_source,
)
from haystack_integrations.tools.mcp_oauth.token_source import tokens_of
from tests.adapters.tool_server import ToolServer
from tests.fakes.threads import LONGEST_WAIT
from tests.haystack.calling import authorization_error_behind, call, tool_of
from valetkey._engine.workers import MOST_THREADS, Workers
from valetkey.errors import ConfigurationError, ScopeMissing, TemporaryError, TokenRejected
from valetkey.values import Secret as EngineSecret

URL = "https://mcp.example.com/mcp"


class Source:
    """A source that gives the token that a test sets, and notes who asks."""

    requires_subject_token = False

    def __init__(self, token="source-1", scopes=None, secret=None):
        self.token = token
        self.scopes = scopes
        self.secret = secret
        self.asked = 0
        self.users = []
        self.threads = set()
        self._lock = threading.Lock()  # cannot be copied, as theirs cannot

    def resolve(self):
        self.asked += 1
        self.users.append(current_user())
        self.threads.add(threading.current_thread())
        if isinstance(self.token, Exception):
            raise self.token
        return self.token

    async def resolve_async(self):
        pytest.fail("a source that blocks would hold up the event loop")

    def to_dict(self):
        secret = self.secret.to_dict() if self.secret is not None else None
        return default_to_dict(self, token=self.token, scopes=self.scopes, secret=secret)

    @classmethod
    def from_dict(cls, data):
        given = data["init_parameters"]  # theirs look for each, and change what they are given
        given["scopes"] = list(given["scopes"]) if given["scopes"] else None
        return default_from_dict(cls, data)


class Renewing(Source):
    """One whose token is another one after `invalidate`."""

    invalidated = 0

    def invalidate(self):
        self.invalidated += 1
        self.token = f"renewed-{self.invalidated}"


class NoSource:
    """A class that a file names and that is no source."""

    @classmethod
    def from_dict(cls, data):
        pytest.fail("it must not be called")


@pytest.fixture
def source(misbehaving):
    misbehaving.scopes |= {"source-1": "mcp", "renewed-1": "mcp"}
    return Renewing()


def info_of(server, source, **options):
    return StreamableHttpServerInfo(url=server.mcp_url, oauth_config=OAuthConfig(token_source=source, **options))


def failure_of(tool):
    """Call the tool, which fails, and give the error that says why."""
    with pytest.raises(Exception, match=r"No access|rejects|scope") as raised:
        tool.invoke(a=1, b=2)
    return authorization_error_behind(raised.value)


def test_the_source_gives_the_tokens_and_nothing_is_discovered_or_stored(
    misbehaving, open_toolset, source, person, store
):
    tool = tool_of(open_toolset(info_of(misbehaving, source)))
    assert call(tool, a=1, b=2) == "3"
    assert {one.path for one in misbehaving.seen} == {"/mcp"}
    assert {one.token for one in misbehaving.seen} == {"source-1"}
    assert person.logins == 0
    assert not store.exists()


def test_the_source_is_asked_before_each_request(misbehaving, open_toolset, source):
    """A token that it gives anew is used at once, so none is kept beyond its end."""
    tool = tool_of(open_toolset(info_of(misbehaving, source)))
    misbehaving.scopes["source-2"] = misbehaving.scopes.pop("source-1")
    source.token = "source-2"
    assert call(tool, a=1, b=2) == "3"
    assert [one.token for one in misbehaving.requests(message="tools/call")] == ["source-2"]
    assert source.invalidated == 0


def test_a_rejected_token_is_replaced_once(misbehaving, open_toolset, source):
    tool = tool_of(open_toolset(info_of(misbehaving, source)))
    del misbehaving.scopes["source-1"]
    assert call(tool, a=1, b=2) == "3"
    assert [one.token for one in misbehaving.requests(message="tools/call")] == ["source-1", "renewed-1"]
    assert misbehaving.executed == 1
    assert source.invalidated == 1


def test_a_token_that_is_rejected_where_the_session_is_opened_is_replaced_too(misbehaving, open_toolset, source):
    del misbehaving.scopes["source-1"]
    assert call(tool_of(open_toolset(info_of(misbehaving, source))), a=1, b=2) == "3"
    assert source.invalidated == 1


def test_calls_at_the_same_time_replace_a_rejected_token_once(misbehaving, open_toolset, source):
    tool = tool_of(open_toolset(info_of(misbehaving, source)))
    del misbehaving.scopes["source-1"]

    async def many():
        return await asyncio.gather(*(asyncio.to_thread(call, tool, a=each, b=1) for each in range(8)))

    assert asyncio.run(many()) == [str(each + 1) for each in range(8)]
    assert source.invalidated == 1
    assert misbehaving.executed == 8


def test_where_the_new_token_is_rejected_too_the_call_fails_and_the_next_one_tries_again(
    misbehaving, open_toolset, source
):
    tool = tool_of(open_toolset(info_of(misbehaving, source)))
    misbehaving.switches.accepts_tokens = False
    assert isinstance(failure_of(tool).error, TokenRejected)
    misbehaving.switches.accepts_tokens = True
    assert call(tool, a=1, b=2) == "3"


def test_a_source_without_another_token_is_named_with_the_server(misbehaving, open_toolset):
    source = Source()
    toolset = open_toolset(info_of(misbehaving, source))
    with pytest.raises(MCPAuthorizationError) as raised:
        toolset.warm_up()
    assert isinstance(raised.value.error, TokenRejected)
    text = str(raised.value)
    assert misbehaving.mcp_url in text
    assert "token_source (Source)" in text
    assert "source-1" not in text


def test_scope_that_the_token_lacks_is_told_and_the_source_is_not_asked_for_another(misbehaving, open_toolset, source):
    tool = tool_of(open_toolset(info_of(misbehaving, source)))
    misbehaving.switches.scope_of_calls = "write"
    error = failure_of(tool).error
    assert isinstance(error, ScopeMissing)
    assert error.required == ("write",)
    assert source.invalidated == 0


def test_a_source_that_fails_fails_the_call_and_the_connection_lives_on(open_toolset, source, misbehaving):
    tool = tool_of(open_toolset(info_of(misbehaving, source)))
    good, source.token = source.token, RuntimeError("refresh_token=s3cret is refused")
    error = failure_of(tool)
    assert isinstance(error.error, TemporaryError)
    assert "token_source (Renewing) has failed with RuntimeError" in str(error)
    assert "s3cret" not in str(error)
    source.token = good
    assert call(tool, a=1, b=2) == "3"
    assert len(misbehaving.requests(message="initialize")) == 1


class Granting:
    """A source that asks the authorization server itself, and keeps the token until it is told not to."""

    def __init__(self, server):
        self.server = server
        self.kept = None

    def resolve(self):
        if self.kept is None:
            form = {"grant_type": "client_credentials", "resource": self.server.authorization.mcp_url}
            url = f"{self.server.origin}/token"
            self.kept = httpx2.post(url, data=form, auth=("job", "s3cret")).json()["access_token"]
        return self.kept

    def invalidate(self):
        self.kept = None


@pytest.mark.parametrize("transport", ["http", "sse"])
def test_on_both_transports_a_source_is_asked_anew_when_its_tokens_have_ended(open_toolset, transport):
    with ToolServer() as server:
        server.authorization.knows("job", secret="s3cret")
        infos = {"http": StreamableHttpServerInfo, "sse": SSEServerInfo}
        config = OAuthConfig(token_source=Granting(server))
        tool = tool_of(open_toolset(infos[transport](url=server.url_of(transport), oauth_config=config)))
        assert call(tool, a=1, b=2) == "3"
        server.authorization.forget_access_tokens()
        assert call(tool, a=1, b=2) == "3"
        assert server.authorization.grant_types() == ["client_credentials"] * 2
        assert not any("well-known" in seen.path for seen in server.seen)


def test_a_source_that_fails_at_first_is_told_in_the_first_call(misbehaving, open_toolset):
    toolset = open_toolset(info_of(misbehaving, Source(OSError("no route"))))
    with pytest.raises(MCPAuthorizationError, match="has failed with OSError"):
        toolset.warm_up()


def test_a_secret_of_the_source_that_is_not_set_is_named_with_its_variable(misbehaving, open_toolset, monkeypatch):
    monkeypatch.delenv("IDP_REFRESH_TOKEN", raising=False)
    failing = Source(ValueError("no value"), secret=Secret.from_env_var("IDP_REFRESH_TOKEN"))
    with pytest.raises(MCPAuthorizationError, match=r"its secret has no value.*IDP_REFRESH_TOKEN") as raised:
        open_toolset(info_of(misbehaving, failing)).warm_up()
    assert isinstance(raised.value.error, ConfigurationError)


@pytest.mark.parametrize("given", [None, "", "two words", 7, b"bytes", "line\r\nbreak"])
def test_what_is_no_token_is_never_sent(misbehaving, open_toolset, given):
    with pytest.raises(MCPAuthorizationError, match="token_source") as raised:
        open_toolset(info_of(misbehaving, Source(given))).warm_up()
    assert isinstance(raised.value.error, ConfigurationError)
    assert misbehaving.requests("/mcp") == []


def test_a_secret_of_the_engine_is_a_token_too(misbehaving, open_toolset, source):
    source.token = EngineSecret("source-1")
    assert call(tool_of(open_toolset(info_of(misbehaving, source))), a=1, b=2) == "3"


def test_a_source_that_blocks_holds_up_no_event_loop_and_is_given_up(misbehaving, open_toolset, source, monkeypatch):
    monkeypatch.setattr(token_source, "LONGEST_WAIT", 0.3)
    tool = tool_of(open_toolset(info_of(misbehaving, source)))
    other = tool_of(open_toolset(info_of(misbehaving, Source())))
    released = threading.Event()
    source.resolve = released.wait
    try:
        failures = []
        blocked = threading.Thread(target=lambda: failures.append(failure_of(tool)))
        blocked.start()
        assert call(other, a=1, b=2) == "3"
        blocked.join()
        assert isinstance(failures[0].error, TemporaryError)
    finally:
        released.set()


def test_sources_that_never_answer_take_no_thread_from_those_who_log_in(misbehaving, open_toolset, monkeypatch):
    """One service of tokens may stand behind the sources for several servers and all of their users. Row J4."""
    monkeypatch.setattr(token_source, "LONGEST_WAIT", 0.3)
    monkeypatch.setattr(token_source, "_WORKERS", Workers())
    released, asked = threading.Event(), []

    class Hanging:
        def resolve(self):
            asked.append(current_user())
            released.wait(LONGEST_WAIT)
            return "late"

    async def ask_all():
        sources = [
            tokens_of(source, f"user-{number}", f"https://{host}.example.com/mcp")
            for host in "ab"
            for number in range(MOST_THREADS)
        ]
        return await asyncio.gather(*(each.current() for each in sources), return_exceptions=True)

    source = Hanging()
    try:
        assert {type(failure) for failure in asyncio.run(ask_all())} == {TemporaryError}
        assert len(asked) == MOST_THREADS
        assert call(tool_of(open_toolset(misbehaving.mcp_url)), a=1, b=2) == "3"
    finally:
        released.set()


def test_the_source_is_never_asked_on_a_thread_that_runs_an_event_loop(misbehaving, open_toolset, source):
    call(tool_of(open_toolset(info_of(misbehaving, source))), a=1, b=2)
    assert {thread.name for thread in source.threads} == {"valetkey"}


def test_a_source_knows_whose_call_it_is(misbehaving, open_toolset, source):
    tool = tool_of(open_toolset(info_of(misbehaving, source)))
    with as_user("alice"):
        call(tool, a=1, b=2)
    assert source.users[0] is None
    assert source.users[-1] == "alice"


@pytest.mark.parametrize(
    "beside",
    [
        {"client_id": "a"},
        {"client_id": "a", "client_secret": Secret.from_env_var("X"), "issuer": "https://as.example"},
        {"workload_token": "/run/token"},
        {"scopes": ["read"]},
        {"grant_type": "client_credentials"},
    ],
)
def test_a_source_and_the_options_of_a_login_contradict_each_other(beside):
    with pytest.raises(ConfigurationError, match=next(iter(beside))) as raised:
        OAuthConfig(token_source=Source(), **beside)
    assert raised.value.hint == "Leave out one or the other."
    assert OAuthConfig(**beside) != OAuthConfig(token_source=Source())


@pytest.mark.parametrize("given", ["a-token", 7, object(), Secret.from_env_var("X")])
def test_what_is_no_source_is_refused_with_what_is_one(given):
    with pytest.raises(ConfigurationError, match=r"token_source") as raised:
        OAuthConfig(token_source=given)
    assert "resolve()" in raised.value.hint
    assert "a-token" not in str(raised.value)


def test_there_is_no_login_beside_a_source(misbehaving, source):
    with pytest.raises(MCPAuthorizationError, match="credential of its own"):
        info_of(misbehaving, source).login()


def test_a_copy_has_the_same_source(source, misbehaving):
    """Trap 15: two copies would renew one refresh token."""
    info = info_of(misbehaving, source)
    assert copy.deepcopy(info).oauth_config.token_source is source
    assert copy.deepcopy(info) == info


def test_a_source_shows_nothing_in_a_repr(misbehaving, source):
    assert "source-1" not in repr(info_of(misbehaving, source))


class TestYaml:
    @pytest.fixture(autouse=True)
    def _allowed(self, monkeypatch):
        """Haystack 3 loads classes of modules that the program allows."""
        try:
            from haystack.core.serialization_security import allow_deserialization_module
        except ImportError:
            return
        allow_deserialization_module(__name__)

    def test_a_source_is_written_by_its_own_to_dict_without_nulls_and_read_back(self):
        source = Source(secret=Secret.from_env_var("IDP_REFRESH_TOKEN"))
        toolset = MCPToolset(StreamableHttpServerInfo(url=URL, oauth_config=OAuthConfig(token_source=source)))
        text = yaml.safe_dump(toolset.to_dict())
        assert "null" not in text
        written = yaml.safe_load(text)["data"]["server_info"]["oauth_config"]["token_source"]
        assert written == {
            "type": f"{__name__}.Source",
            "init_parameters": {
                "token": "source-1",
                "secret": {"type": "env_var", "env_vars": ["IDP_REFRESH_TOKEN"], "strict": True},
            },
        }
        read = MCPToolset.from_dict(yaml.safe_load(text)).server_info.oauth_config.token_source
        assert type(read) is Source
        assert (read.token, read.scopes, read.secret) == (source.token, None, source.secret)

    def test_a_source_that_cannot_be_written_is_told(self):
        class Plain:
            def resolve(self):
                return "a"

        config = OAuthConfig(token_source=Plain())
        with pytest.raises(ConfigurationError, match="Plain") as raised:
            config.to_dict()
        assert "from_dict" in raised.value.hint

    @pytest.mark.parametrize(
        "written",
        [
            {"type": f"{__name__}.NoSource", "init_parameters": {}},
            {"type": f"{__name__}.info_of"},
            {"type": "bare"},
            {"type": 7},
            {"init_parameters": {}},
        ],
    )
    def test_a_type_that_is_no_source_is_not_called(self, written):
        with pytest.raises(ConfigurationError, match="token_source"):
            OAuthConfig.from_dict({"token_source": written})

    def test_a_class_that_is_not_there_is_told(self):
        with pytest.raises(ImportError):
            OAuthConfig.from_dict({"token_source": {"type": f"{__name__}.Missing", "init_parameters": {}}})


def test_a_module_that_haystack_does_not_allow_is_not_imported():
    """Trap 14. Haystack 2 has no such list, and finds no source in that module."""
    written = {"token_source": {"type": "antigravity.Source", "init_parameters": {}}}
    with pytest.raises((DeserializationError, ImportError)):
        OAuthConfig.from_dict(written)
