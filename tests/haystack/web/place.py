# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A web app with logins on it, an MCP server that wants one, and users who go from page to page."""

from contextlib import contextmanager
from dataclasses import dataclass

from haystack_integrations.tools.mcp_oauth import OAuthConfig, StreamableHttpServerInfo, current_user
from haystack_integrations.tools.mcp_oauth.web import install
from tests.adapters.server import McpServer
from tests.haystack.web.asking import PUBLIC, ask, press, target_of
from valetkey._adapters.framework import shared_engine
from valetkey.store import Store
from valetkey.store.backends.memory import MemoryStore


async def greets(scope, receive, send):
    """An app that tells each visitor whom it takes him for."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(current_user()).encode()})


def user_of(request):
    """Believe the proxy in front."""
    return request.headers["x-forwarded-user"]


@dataclass
class Place:
    """Everything of one test."""

    server: McpServer
    store: Store
    app: object

    @property
    def info(self):
        return StreamableHttpServerInfo(url=self.server.url)

    def another_worker(self, **options):
        """Another process of the same app would be this: the same store, and nothing else in common."""
        return install(greets, principal=user_of, public_url=PUBLIC, store=self.store, servers=[self.info], **options)

    def link_for(self, user, app=None):
        """Let a user press Connect, and give the link that the page leads to."""
        app = app or self.app
        form = ask(app, "/mcp-oauth/", user=user).form("connect")
        going = press(app, form, user=user)
        assert going.status == 200
        return going.text.partition('href="')[2].partition('"')[0]

    def answer_for(self, user, **visit):
        """Let a user allow the access at the authorization server, and give the address that leads back."""
        login_page = ask(self.app, target_of(self.link_for(user)), user=user).location
        return self.server.authorization.visit(login_page, **visit)

    def connect(self, user):
        """Let a user log in."""
        ended = ask(self.app, target_of(self.answer_for(user)), user=user)
        assert ended.status == 303
        return ended

    def token_of(self, user):
        """Give the access token that calls of a user would carry."""
        config = OAuthConfig(public_url=PUBLIC, login="link")
        settings = config.to_settings(self.server.url, user)
        session = shared_engine(settings, store=self.store, login="link").stored_session()
        return session.token.access_token.reveal() if session is not None else None


@contextmanager
def a_place(**switches):
    """Serve one MCP server, and an app that names it."""
    with McpServer(**switches) as server:
        place = Place(server, MemoryStore(), None)
        place.app = place.another_worker()
        yield place
