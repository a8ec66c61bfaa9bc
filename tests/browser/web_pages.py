# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The pages of a web app with many users, each under a name, as `Site` serves them."""

from dataclasses import replace

from haystack_integrations.tools.mcp_oauth.web.connections import Connection
from haystack_integrations.tools.mcp_oauth.web.pages import HEADERS, HEADERS_OF_LIST, Note, Pages
from haystack_integrations.tools.mcp_oauth.web.server_lists import ListedServer
from tests.fakes.world import a_session

NOW = 1_795_862_400.0
"""28 November 2026, 10:40 UTC."""
DAY = 86_400.0
HOSTILE = "\"><script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\"><b>no</b>"
PAGES = Pages("/mcp-oauth/")


def _connection(url, session=None, *, since=None, label="default", can_connect=True):
    return Connection(ListedServer(url, label, None, since), session, can_connect=can_connect)


GOOD = a_session(expires_at=NOW + 3600, scope=("read", "write", "issues:create"))
ENDING = a_session(refresh_token=None, expires_at=NOW + 5 * 3600, scope=("files.read",))
LASTING = a_session(refresh_token=None, expires_at=NOW + 30 * DAY)
ENDED = replace(a_session(scope=("mail",)), ended='https://as.example.com has ended it: "invalid_grant".')
EVERY_KIND = [
    _connection("https://mcp.linear.app/mcp", GOOD, since=NOW - 3 * DAY),
    _connection("https://mcp.notion.com/mcp"),
    _connection("https://files.example.com/mcp", ENDING, since=NOW - 2 * 3600, label="work"),
    _connection("https://mail.example.com/mcp", ENDED, since=NOW - 40 * DAY),
    _connection("https://mcp.asana.com/sse", LASTING, since=NOW - DAY, can_connect=False),
]
HARD = [
    _connection(f"https://{HOSTILE}/mcp", replace(ENDED, ended=HOSTILE), label=HOSTILE),
    _connection("https://" + "a-very-long-name-of-a-server." * 8 + "example:8443/mcp", a_session(scope=("x" * 900,))),
]


def _list(connections, note=None):
    return PAGES.servers(connections, "0" * 64, NOW, note), HEADERS_OF_LIST


WEB_PAGES = {
    "connections": _list(EVERY_KIND[:3]),
    "connections-all": _list(EVERY_KIND),
    "connections-none": _list([]),
    "disconnected": _list(
        [_connection("https://mcp.linear.app/mcp"), EVERY_KIND[1]],
        Note("mcp.linear.app: disconnected. The server has ended the access."),
    ),
    "connected": (PAGES.connected("https://mcp.linear.app/mcp"), HEADERS),
    "once-more": (PAGES.once_more("https://mcp.linear.app/mcp", "/mcp-oauth/start/x"), HEADERS),
    "not-yours": (
        PAGES.told(
            "This login is not yours",
            "It was made for another user. Nothing has been done.",
            "If you did not ask for a login, close this page. Else use the link that was given to you.",
        ),
        HEADERS,
    ),
    "not-signed-in": (
        PAGES.told(
            "You are not signed in",
            "This page is for signed-in users.",
            "Sign in to this application, then open this page again.",
        ),
        HEADERS,
    ),
    "declined": (
        PAGES.told(
            "You are not connected",
            "You have declined the access, or the server does not allow it.",
            "If you want to be connected, go back to where you came from, ask for a new link, and allow the access.",
            is_failure=True,
        ),
        HEADERS,
    ),
}
HARD_WEB_PAGES = {
    "connections-hard": _list(HARD, Note(HOSTILE)),
    "connected-hard": (PAGES.connected(f"https://{HOSTILE}/mcp"), HEADERS),
    "told-hard": (PAGES.told("Not now", HOSTILE, "y" * 5000, is_failure=True), HEADERS),
}
