# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The pages of the web app, in the design of the pages at the end of a login on the user's own computer; no script."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from haystack_integrations.tools.mcp_oauth.web.connections import Connection
from valetkey._adapters.framework import without_secrets
from valetkey.login.page_design import BAD, CALM, GOOD, STYLE, document, header_fields, shown

_STYLE = f"""{STYLE}
main:has(ul) {{ max-width: 40rem; }}
.next {{ margin-top: 1.4rem; }}
a {{ color: var(--ink); text-underline-offset: .2em; }}
a:focus-visible {{ outline: 3px solid var(--focus); outline-offset: 3px; border-radius: 4px; }}
a.button {{ display: block; padding: .75rem 1.2rem; border-radius: 12px; background: var(--ink); color: var(--card);
  font-weight: 600; text-align: center; text-decoration: none; }}
a.button:hover {{ opacity: .88; }}
.note {{ margin-top: 1.2rem; padding: .85rem 1.05rem; border-radius: 12px; background: var(--well); color: var(--ink);
  border: 1px solid var(--line); }}
ul {{ list-style: none; padding: 0; margin-top: 1.5rem; display: grid; gap: .9rem; }}
li {{ min-width: 0; padding: 1.05rem 1.15rem; border: 1px solid var(--line); border-radius: 16px;
  background: var(--well); display: flex; flex-wrap: wrap; gap: .4rem 1rem; align-items: center; }}
.what {{ flex: 1 1 14rem; min-width: 0; }}
h2 {{ font-size: 1.05rem; line-height: 1.4; margin-bottom: .15rem; overflow-wrap: anywhere; unicode-bidi: isolate; }}
li p {{ font-size: .93rem; }}
li p + p {{ margin-top: .15rem; }}
.state {{ font-weight: 600; }}
.state::before {{ content: ""; display: inline-block; width: .6em; height: .6em; margin-right: .5em;
  border-radius: 50%; background: var(--calm); }}
.state.on {{ color: var(--ink); }} .state.on::before {{ background: var(--good); }}
.state.over {{ color: var(--ink); }} .state.over::before {{ background: var(--bad); }}
.buttons {{ display: grid; gap: .5rem; flex: 0 0 8.6rem; }}
li form {{ margin: 0; }}
li button {{ min-height: 2.6rem; }}
button.quiet {{ background: transparent; color: var(--ink); box-shadow: inset 0 0 0 1.5px var(--calm); }}
@media (max-width: 30rem) {{ .buttons {{ flex-basis: 100%; margin-top: .35rem; }} }}
"""

HEADERS = header_fields(_STYLE)
HEADERS_OF_LIST = {**header_fields(_STYLE, form_action="'self'"), "Referrer-Policy": "same-origin"}
"""For the page with buttons: without a referrer a browser says `Origin: null` with a form (Fetch §3.2)."""

SOON = 86_400.0
"""How many seconds before its end a session without a refresh token is marked."""


@dataclass(frozen=True, slots=True)
class Note:
    """What has just been done, for the top of the list."""

    text: str


class Pages:
    """The pages of one app; `home` is the path of the list of servers."""

    def __init__(self, home: str) -> None:
        self._home = html.escape(home)

    def servers(self, connections: Sequence[Connection], token: str, now: float, note: Note | None = None) -> bytes:
        """Write the list of a user's servers; `token` proves that a form is of this page."""
        told = f'<p class="note" role="status">{shown(note.text)}</p>' if note is not None else ""
        items = "".join(self._item(each, token, now) for each in connections)
        if items:
            listed = f"<p>MCP servers, and what is connected for you.</p>{told}<ul>{items}</ul>"
        else:
            listed = f"<p>You have not connected any MCP server yet.</p>{told}"
        return _page("Your connections", listed, CALM if not items else "")

    def connected(self, server_url: str) -> bytes:
        """Write the page of a login that succeeded."""
        text = f"<strong>{shown(host_of(server_url))}</strong> can be used for you now."
        todo = "Go back to where you came from, and go on there. You can close this tab."
        return _page("You are connected", f"<p>{text}</p><p>{todo}</p>{self._way_home()}", GOOD)

    def going(self, link: str, issuer: str, server_url: str) -> bytes:
        """Write the page between the button and the login page of the authorization server, which follows at once."""
        text = f"You log in at <strong>{shown(host_of(issuer))}</strong>, for {shown(host_of(server_url))}."
        address = html.escape(link)
        body = f'<p>{text}</p><p class="next"><a class="button" href="{address}">Go on</a></p>'
        head = f'<meta http-equiv="refresh" content="0; url={address}">'
        return _page("One moment", body, CALM, head=head)

    def once_more(self, server_url: str, link: str) -> bytes:
        """Write the page of a login whose server has said what it does not accept: a changed one has begun."""
        text = f"The server has not accepted how the access to {shown(host_of(server_url))} was asked for."
        todo = "Another way may work. You log in once more for it."
        button = f'<p class="next"><a class="button" href="{html.escape(link)}">Log in once more</a></p>'
        return _page("One more time", f"<p>{text}</p><p>{todo}</p>{button}", CALM)

    def told(self, title: str, message: str, hint: str, *, is_failure: bool = False) -> bytes:
        """Write a page that says what has happened and what to do."""
        body = f'<p>{shown(message)}</p><p class="todo">{shown(hint)}</p>{self._way_home()}'
        return _page(title, body, BAD if is_failure else CALM)

    def again(self, address: str) -> bytes:
        """Write the page that sends the browser to an address of ours, to which it then sends all its cookies."""
        head = f'<meta http-equiv="refresh" content="0; url={html.escape(address)}">'
        return _page("One moment", "<p>Your login is being completed.</p>", CALM, head=head)

    def _way_home(self) -> str:
        return f'<p class="next"><a href="{self._home}">Your connections</a></p>'

    def _item(self, connection: Connection, token: str, now: float) -> str:
        url = connection.server.url
        label = connection.server.label
        name = shown(host_of(url)) + (f" ({shown(label)})" if label != "default" else "")
        lines = "".join(f"<p>{line}</p>" for line in _lines(connection, now))
        return (
            f'<li><div class="what"><h2>{name}</h2>{_state(connection, now)}{lines}</div>'
            f"{self._buttons(connection, name, token, now)}</li>"
        )

    def _buttons(self, connection: Connection, name: str, token: str, now: float) -> str:
        buttons = []
        if connection.can_connect and not connection.is_good(now):
            buttons.append(("connect", "Connect", ""))
        if connection.session is not None:
            buttons.append(("disconnect", "Disconnect", ' class="quiet"'))
        hidden = f'<input type="hidden" name="token" value="{html.escape(token)}">'
        hidden += f'<input type="hidden" name="server" value="{html.escape(connection.server.key)}">'
        forms = (
            f'<form method="post" action="{self._home}{act}">{hidden}'
            f'<button{look} aria-label="{text} {name}">{text}</button></form>'
            for act, text, look in buttons
        )
        return f'<div class="buttons">{"".join(forms)}</div>'


def host_of(url: str) -> str:
    """Give what a user knows a server by."""
    return urlsplit(without_secrets(url, url)).netloc.rpartition("@")[2] or url


def _state(connection: Connection, now: float) -> str:
    session = connection.session
    if session is None:
        return '<p class="state">Not connected</p>'
    if session.ended is not None:
        return '<p class="state over">The server has ended the access</p>'
    ends_at = connection.ends_at
    if ends_at is not None and ends_at <= now:
        return '<p class="state over">The access has ended</p>'
    if ends_at is not None and ends_at <= now + SOON:
        return '<p class="state over">Connected, ends soon</p>'
    return '<p class="state on">Connected</p>'


def _lines(connection: Connection, now: float) -> list[str]:
    session = connection.session
    lines: list[str] = []
    if session is None:
        return lines
    if session.ended is not None:
        lines.append(shown(session.ended))
    if connection.server.since is not None:
        lines.append(f"Since {_when(connection.server.since)}")
    scope = session.token.scope or session.requested_scope
    lines.append(f"Scopes: {shown(' '.join(scope))}" if scope else "Scopes: as the server gives them")
    ends_at = connection.ends_at
    if ends_at is not None:
        lines.append(f"{'Ends' if ends_at > now else 'Ended'} {_when(ends_at)}")
    return lines


def _when(time: float) -> str:
    moment = datetime.fromtimestamp(time, UTC)
    return f'<time datetime="{moment:%Y-%m-%dT%H:%MZ}">{moment.day} {moment:%B %Y, %H:%M} UTC</time>'


def _page(title: str, body: str, sign: str, *, head: str = "") -> bytes:
    return document(title, body, sign, style=_STYLE, head=head)
