# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The sources of `oauth-haystack` itself give the access tokens; a token endpoint on this machine answers them."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from urllib.parse import parse_qsl

import pytest
import yaml
from haystack.utils import Secret

from haystack_integrations.tools.mcp_oauth import (
    MCPAuthorizationError,
    MCPToolset,
    OAuthConfig,
    StreamableHttpServerInfo,
    as_user,
    current_user,
)
from haystack_integrations.tools.mcp_oauth.token_source import AccessTokenSource
from tests.haystack.calling import call, tool_of
from tests.haystack.test_token_source import failure_of, info_of
from valetkey.errors import ConfigurationError, TemporaryError, TokenRejected

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


class TokenEndpoint(BaseHTTPRequestHandler):
    """Renews with the newest refresh token alone, and exchanges any token of a user."""

    def do_POST(self):
        form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        self.server.forms.append(form)
        status, answer = self._answer(form)
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self, form):
        if form["grant_type"] == TOKEN_EXCHANGE:
            return 200, {"access_token": f"exchanged-for-{form['subject_token']}", "expires_in": 3600}
        count = len(self.server.forms)
        if form["refresh_token"] != f"refresh-{count}":
            return 400, {"error": "invalid_grant", "error_description": f"{form['refresh_token']} is old"}
        tokens = {"access_token": f"renewed-{count}", "refresh_token": f"refresh-{count + 1}"}
        return 200, {**tokens, "expires_in": self.server.expires_in}

    def log_message(self, format, *args):  # noqa: A002 - the base class's name
        pass


@contextmanager
def a_token_endpoint():
    with ThreadingHTTPServer(("127.0.0.1", 0), TokenEndpoint) as server:
        server.forms, server.expires_in = [], 3600
        server.url = f"http://127.0.0.1:{server.server_address[1]}/token"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def endpoint(misbehaving):
    users = dict.fromkeys(["exchanged-for-a", "exchanged-for-b"], "mcp")
    misbehaving.scopes |= {"static": "mcp", "renewed-1": "mcp", "renewed-2": "mcp", **users}
    with a_token_endpoint() as server:
        yield server


@pytest.fixture
def oauth():
    """The package, which an environment of before it was needed does not have."""
    return import_module("haystack_integrations.utils.oauth")


@pytest.fixture
def refreshing(oauth, endpoint, monkeypatch):
    monkeypatch.setenv("IDP_REFRESH_TOKEN", "refresh-1")
    return oauth.OAuthRefreshTokenSource(endpoint.url, "job", refresh_token=Secret.from_env_var("IDP_REFRESH_TOKEN"))


def static(oauth):
    return oauth.OAuthStaticTokenSource(Secret.from_env_var("MCP_TOKEN"))


def test_its_sources_are_sources_here(oauth, refreshing):
    for source in (refreshing, static(oauth)):
        assert isinstance(source, oauth.TokenSource)
        assert isinstance(source, AccessTokenSource)
        assert OAuthConfig(token_source=source).token_source is source


def test_a_static_token_is_read_when_it_is_used(oauth, endpoint, misbehaving, open_toolset, monkeypatch):
    monkeypatch.delenv("MCP_TOKEN", raising=False)
    toolset = open_toolset(info_of(misbehaving, static(oauth)))
    with pytest.raises(MCPAuthorizationError, match=r"its token has no value.*MCP_TOKEN") as raised:
        toolset.warm_up()
    assert isinstance(raised.value.error, ConfigurationError)
    monkeypatch.setenv("MCP_TOKEN", "static")
    assert call(tool_of(toolset), a=1, b=2) == "3"


def test_a_source_that_renews_is_asked_before_each_request_and_renews_when_its_token_ends(
    refreshing, endpoint, misbehaving, open_toolset
):
    tool = tool_of(open_toolset(info_of(misbehaving, refreshing)))
    assert call(tool, a=1, b=2) == "3"
    assert len(endpoint.forms) == 1
    refreshing._expires_at = 0.0  # its own clock says that the token has ended
    del misbehaving.scopes["renewed-1"]
    assert call(tool, a=1, b=2) == "3"
    assert [form["refresh_token"] for form in endpoint.forms] == ["refresh-1", "refresh-2"]
    assert [one.token for one in misbehaving.requests(message="tools/call")] == ["renewed-1", "renewed-2"]


def test_its_token_that_is_revoked_before_its_end_is_an_error_because_it_has_no_way_to_be_told(
    refreshing, endpoint, misbehaving, open_toolset
):
    """Version 2.0. With `invalidate()` it would be replaced: `test_token_source`."""
    tool = tool_of(open_toolset(info_of(misbehaving, refreshing)))
    del misbehaving.scopes["renewed-1"]
    error = failure_of(tool)
    assert isinstance(error.error, TokenRejected)
    assert "OAuthRefreshTokenSource" in str(error)
    assert not hasattr(refreshing, "invalidate")
    assert len(endpoint.forms) == 1


def test_what_the_token_endpoint_has_sent_stands_in_no_error(refreshing, endpoint, misbehaving, open_toolset):
    """The text of its `TokenRefreshError` repeats the answer, which here repeats the refresh token."""
    refreshing._current_refresh_token = "refresh-0"
    with pytest.raises(MCPAuthorizationError, match="has failed with TokenRefreshError") as raised:
        open_toolset(info_of(misbehaving, refreshing)).warm_up()
    assert isinstance(raised.value.error, TemporaryError)
    assert "refresh-0" not in str(raised.value)


def test_its_source_that_exchanges_tokens_is_called_by_an_object_that_knows_those_of_the_users(
    oauth, endpoint, misbehaving, open_toolset
):
    exchanging = oauth.OAuthTokenExchangeSource(endpoint.url, "job")
    with pytest.raises(ConfigurationError, match="OAuthTokenExchangeSource") as raised:
        OAuthConfig(token_source=exchanging)
    assert "current_user()" in raised.value.hint

    class PerUser:
        def resolve(self):
            return exchanging.resolve({"alice": "a", "bob": "b"}[current_user()])

    toolset = open_toolset(info_of(misbehaving, PerUser()))
    for user in ("alice", "bob"):
        misbehaving.seen.clear()
        with as_user(user):
            assert call(tool_of(toolset), a=1, b=2) == "3"
        (called,) = misbehaving.requests(message="tools/call")
        assert called.token == f"exchanged-for-{user[0]}"
    assert len(endpoint.forms) == 2


def test_its_sources_are_written_without_nulls_and_read_without_an_allowlist(oauth, refreshing, endpoint):
    """Traps 13 and 14."""
    for source in (refreshing, static(oauth)):
        info = StreamableHttpServerInfo(
            url="https://mcp.example.com/mcp", oauth_config=OAuthConfig(token_source=source)
        )
        text = yaml.safe_dump(MCPToolset(info).to_dict())
        assert "null" not in text
        read = MCPToolset.from_dict(yaml.safe_load(text)).server_info.oauth_config.token_source
        assert type(read) is type(source)
        assert read.to_dict() == source.to_dict()
    assert endpoint.forms == []
