# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What `install` takes, and what it refuses at once and not at the first login."""

import pytest
from haystack.utils import Secret

from haystack_integrations.tools.mcp_oauth import OAuthConfig, SSEServerInfo, StreamableHttpServerInfo
from haystack_integrations.tools.mcp_oauth.web import install
from tests.haystack.web.asking import PUBLIC, ask
from tests.haystack.web.place import greets, user_of
from valetkey.errors import AuthError, ConfigurationError
from valetkey.store.backends.memory import MemoryStore

URL = "https://mcp.example.com/mcp"
SECRET = Secret.from_token("s")


def installed(**options):
    return install(greets, **{"principal": user_of, "public_url": PUBLIC, "store": "memory:", **options})


def info(url=URL, **options):
    return StreamableHttpServerInfo(url=url, oauth_config=OAuthConfig(**options))


@pytest.mark.parametrize(
    "public_url",
    ["", "bot.example.com", "http://bot.example.com", f"{PUBLIC}/?x=y", f"{PUBLIC}/#x", "javascript:alert(1)"],
)
def test_a_public_url_that_no_browser_may_be_sent_to_is_refused(public_url):
    with pytest.raises(AuthError, match="public_url"):
        installed(public_url=public_url)


@pytest.mark.parametrize(
    "public_url", ["https://bot.example.com:8443/bot", "http://127.0.0.1:8000", "http://localhost:8000"]
)
def test_a_public_url_is_https_or_on_this_computer(public_url):
    assert ask(installed(public_url=public_url), "/mcp-oauth/", user="alice").status == 200


@pytest.mark.parametrize(
    ("server", "words", "hint"),
    [
        (StreamableHttpServerInfo(url=URL, token="t"), "a token of its own", "Leave it out"),
        (info(public_url="https://other.example.com"), "another public_url", "Give both the same"),
        (info(principal="shared"), "one principal for all users", "Leave principal= out"),
        (info(token_storage=MemoryStore()), "another store", "the same value"),
        (info(token_storage="sqlite:////tmp/x/y.db"), "another store", "the same value"),
        (info(client_id="m", client_secret=SECRET, issuer="https://as.example.com"), "of a machine", "public_url="),
    ],
)
def test_a_server_whose_tools_would_use_other_sessions_is_refused(server, words, hint):
    with pytest.raises(ConfigurationError, match=words) as refused:
        installed(servers=[server])
    assert hint in refused.value.hint


def test_a_client_with_a_secret_is_for_users_where_its_settings_name_the_web_app():
    """The hint of a server with the credentials of a machine."""
    server = info(client_id="m", client_secret=SECRET, issuer="https://as.example.com", public_url=PUBLIC)
    assert ask(installed(servers=[server]), "/mcp-oauth/", user="alice").form("connect")


def test_what_the_tools_have_may_be_given_here_too():
    store = MemoryStore()
    servers = [
        info(public_url=PUBLIC, token_storage=store, login="link"),
        SSEServerInfo(url="https://sse.example.com/sse"),
        info("https://other.example.com/mcp", label="work"),
    ]
    page = ask(installed(store=store, servers=servers), "/mcp-oauth/", user="alice").text
    assert ["mcp.example.com<" in page, "sse.example.com<" in page, "other.example.com (work)<" in page] == [True] * 3


def test_the_store_may_be_a_secret(monkeypatch):
    monkeypatch.setenv("STORE_OF_TEST", "memory:")
    app = installed(store=Secret.from_env_var("STORE_OF_TEST"))
    assert ask(app, "/mcp-oauth/", user="alice").status == 200
    monkeypatch.delenv("STORE_OF_TEST")
    with pytest.raises(ConfigurationError, match="STORE_OF_TEST"):
        installed(store=Secret.from_env_var("STORE_OF_TEST"))


def test_an_app_with_middlewares_gets_one_and_any_other_is_wrapped():
    class App:
        def __init__(self):
            self.added = []

        def add_middleware(self, kind, **options):
            self.added.append((kind, options))

    app = App()
    assert install(app, principal=user_of, public_url=PUBLIC, store="memory:") is app
    ((kind, options),) = app.added
    assert ask(kind(greets, **options), "/mcp-oauth/", user="alice").status == 200
    assert installed() is not greets
