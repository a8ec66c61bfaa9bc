# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What the paths below `/mcp-oauth` answer. All of it may wait for the store or a server, so it runs in a thread.

A login belongs to one user from its beginning. Its start page and its answer do something for the browser of that user
alone: the link of one user, sent to another, would store the other one's account as the first one's.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import quote, urlsplit

from haystack import logging

from haystack_integrations.tools.mcp_oauth.web.answers import Answer, redirect
from haystack_integrations.tools.mcp_oauth.web.connections import Connections
from haystack_integrations.tools.mcp_oauth.web.form_tokens import FormTokens
from haystack_integrations.tools.mcp_oauth.web.origins import comes_from_own_page, read_form, status_of_stray
from haystack_integrations.tools.mcp_oauth.web.pages import HEADERS, HEADERS_OF_LIST, Note, Pages, host_of
from haystack_integrations.tools.mcp_oauth.web.pending_logins import PendingLogins
from haystack_integrations.tools.mcp_oauth.web.request import WebRequest
from haystack_integrations.tools.mcp_oauth.web.telling import told_of
from valetkey._adapters.framework import LoginOver, LogoutResult, require_endpoint
from valetkey._adapters.unforeseen import as_auth_error
from valetkey.errors import AuthError, LoginFailed, LoginRequired, StoreError
from valetkey.login import PendingLogin

HOME = "/mcp-oauth/"
"""The path of the list of servers; every other path of ours is below it."""

LONGEST_QUERY = 16_384
"""Characters of an answer that are read: a code and a state have some hundred."""

_AGAIN = "&mcp-oauth-again=1"
"""The end of an answer that our own page has sent once more, which it does once."""

_DEFAULT_PORTS = {"https": ":443", "http": ":80"}
"""What a browser leaves out of an origin (RFC 6454 §6.2)."""

_LOGIN_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to one of our paths: below `HOME`, of which user if of any, with which body."""

    request: WebRequest
    path: str
    principal: str | None
    body: bytes = b""
    login: PendingLogin | None = None  # the one that the request answers

    @property
    def query(self) -> str:
        """The query, as it came."""
        raw: bytes = self.request.scope.get("query_string", b"")
        return raw.decode("latin-1")


class Routes:
    """Answers the requests to our paths; `public_url` is how browsers reach the app, whatever a request says."""

    def __init__(
        self,
        public_url: str,
        logins: PendingLogins,
        connections: Connections,
        forms: FormTokens,
        sign_in: str | None,
        now: Callable[[], float] = time.time,
    ) -> None:
        parts = urlsplit(public_url)
        self.prefix: str = parts.path.rstrip("/")
        self._origin = f"{parts.scheme}://{parts.netloc}".lower().removesuffix(_DEFAULT_PORTS[parts.scheme])
        self._home_url = f"{public_url.rstrip('/')}{HOME}"
        self._logins = logins
        self._connections = connections
        self._forms = forms
        self._sign_in = sign_in
        self._now = now
        self._pages = Pages(f"{self.prefix}{HOME}")

    def answer(self, asked: Asked) -> Answer:
        """Answer a request; an error is a page for the user, and a line in the log."""
        try:
            with as_auth_error:
                return self._route(asked)
        except AuthError as error:
            return self._failed(asked, error)

    def prepared(self, asked: Asked) -> "tuple[str, Asked] | Answer":
        """
        Look up what the answer to a request needs of the store, and tell which server it then waits for.

        The server is empty where none is asked. What fails already is an answer.
        """
        if asked.path != "callback":
            return read_form(asked.body).get("server", ""), asked
        if asked.principal is None or len(asked.query) > LONGEST_QUERY or status_of_stray(asked.request) is not None:
            return "", asked
        try:
            with as_auth_error:
                login = self._logins.of_answer(self._callback_url(asked))
        except AuthError as error:
            return self._failed(asked, error)
        return "" if login is None else login.issuer, replace(asked, login=login)

    def _callback_url(self, asked: Asked) -> str:
        return f"{self._home_url}callback?{asked.query.removesuffix(_AGAIN)}"

    def _failed(self, asked: Asked, error: AuthError) -> Answer:
        path = HOME + asked.path.partition("/")[0]
        _logger.warning("a request to {path}: {error}", path=path, error=str(error))
        return self._told(told_of(error))

    def _route(self, asked: Asked) -> Answer:
        name, _, rest = asked.path.partition("/")
        routes: dict[tuple[str, bool], tuple[str, Callable[[Asked, str], Answer]]] = {
            ("", False): ("GET", self._list),
            ("start", True): ("GET", self._start),
            ("callback", False): ("GET", self._callback),
            ("connected", True): ("GET", self._connected),
            ("connect", False): ("POST", self._connect),
            ("disconnect", False): ("POST", self._disconnect),
        }
        method, act = routes.get((name, bool(rest)), ("", None))
        if act is None:
            return self._page(404, "Nothing to see here", "There is no such page.", "Open your connections.")
        if asked.request.method != method and (asked.request.method, name) != ("HEAD", ""):
            return self._other_method(name, method)
        return act(asked, rest)

    def _list(self, asked: Asked, _: str, note: Note | None = None) -> Answer:
        if asked.principal is None:
            return self._not_signed_in(self._home_url)
        connections, token = self._connections.of(asked.principal), self._forms.make(asked.principal)
        return Answer(200, HEADERS_OF_LIST, self._pages.servers(connections, token, self._now(), note))

    def _start(self, asked: Asked, login_id: str) -> Answer:
        stray = status_of_stray(asked.request)
        if stray is not None:
            return self._page(stray, "Nothing to see here", "This page is opened by a person.", "Open your link.")
        is_id = _LOGIN_ID.fullmatch(login_id) is not None
        if asked.principal is None:
            return self._not_signed_in(f"{self._home_url}start/{login_id}" if is_id else self._home_url)
        login = self._logins.find(login_id) if is_id else None
        if login is None:
            return self._over()
        if login.principal != asked.principal:
            return self._of_another_user()
        return redirect(require_endpoint(login.authorization_url, "login page"))

    def _callback(self, asked: Asked, _: str) -> Answer:
        stray = status_of_stray(asked.request)
        if stray is not None:
            return self._page(stray, "Nothing to see here", "This address takes the answer to a login.", "Go back.")
        if len(asked.query) > LONGEST_QUERY:
            text = "The answer to the login is longer than any that is read."
            return self._page(414, "This answer cannot be read", text, "Go back to where you came from, and try again.")
        if asked.principal is None:
            return self._answer_without_user(asked)
        callback_url, login = self._callback_url(asked), asked.login
        if login is None:
            return self._over()
        if login.principal != asked.principal:
            return self._of_another_user()
        try:
            with self._connections.settings_at_hand(login):
                session = self._logins.complete(callback_url, asked.principal)
        except LoginOver:  # the browser has sent the answer twice, and another request was first
            return self._over()
        except LoginRequired as error:
            if error.authorization_url is None or isinstance(error, LoginFailed):
                raise
            return Answer(400, HEADERS, self._pages.once_more(login.server_url, error.authorization_url))
        try:
            server = self._connections.note(login, session)
        except StoreError as error:  # the session is saved, and a server that the app names is on the list anyway
            _logger.warning("a server is not on the list of its user: {error}", error=str(error))
            return redirect(self._home_url)
        return redirect(f"{self._home_url}connected/{server.key}")

    def _connected(self, asked: Asked, key: str) -> Answer:
        if asked.principal is None:
            return self._not_signed_in(self._home_url)
        connection = self._connections.find(asked.principal, key)
        if connection is None or not connection.is_good(self._now()):
            return redirect(self._home_url)
        return Answer(200, HEADERS, self._pages.connected(connection.server.url))

    def _connect(self, asked: Asked, _: str) -> Answer:
        if asked.principal is None:
            return self._not_signed_in(self._home_url)
        principal, key = asked.principal, self._server_in_form(asked, asked.principal)
        if key is None:
            return self._not_of_own_page()
        connection = self._connections.find(principal, key)
        if connection is None or not connection.can_connect:
            return redirect(self._home_url)
        login = self._connections.begin(principal, key)
        if login is None:
            note = f"{host_of(connection.server.url)} wants no login, or you are connected already."
            return self._list(asked, "", Note(note))
        return Answer(200, HEADERS, self._pages.going(login.link, login.issuer, login.server_url))

    def _disconnect(self, asked: Asked, _: str) -> Answer:
        if asked.principal is None:
            return self._not_signed_in(self._home_url)
        principal, key = asked.principal, self._server_in_form(asked, asked.principal)
        if key is None:
            return self._not_of_own_page()
        connection = self._connections.find(principal, key)
        if connection is None:
            return redirect(self._home_url)
        name, result = host_of(connection.server.url), self._connections.end(principal, key)
        return self._list(asked, "", Note(f"{name}: {_text_of(result)}"))

    def _server_in_form(self, asked: Asked, principal: str) -> str | None:
        """Give the server that a form names; None for a form that no page of ours, opened by this user, has sent."""
        form = read_form(asked.body)
        if not comes_from_own_page(asked.request, self._origin):
            return None
        return form.get("server", "") if self._forms.is_right(form.get("token", ""), principal) else None

    def _answer_without_user(self, asked: Asked) -> Answer:
        # A cookie with SameSite=Strict does not come along where another site sends the browser, and does from here.
        is_sent = asked.request.headers.get("sec-fetch-site", "").lower() == "cross-site"
        if is_sent and not asked.query.endswith(_AGAIN):
            return Answer(200, HEADERS, self._pages.again(f"?{asked.query}{_AGAIN}"))
        return self._not_signed_in(None)

    def _not_signed_in(self, address: str | None) -> Answer:
        """Lead to the app's own login page, and from there to `address`, which is never one with a code in it."""
        if self._sign_in is not None and address is not None:
            return redirect(self._sign_in.replace("{next}", quote(address, safe="")))
        hint = "Sign in to this application, then open this page again."
        return self._page(401, "You are not signed in", "This page is for signed-in users.", hint)

    def _over(self) -> Answer:
        text = "This login is over: it has been completed, its time has ended, or it was begun anew."
        hint = "See whether you are connected; if not, go back to where you got the link, and ask for a new one."
        return self._page(410, "This link is over", text, hint)

    def _of_another_user(self) -> Answer:
        text = "It was made for another user. Nothing has been done."
        hint = "If you did not ask for a login, close this page. Else use the link that was given to you."
        return self._page(403, "This login is not yours", text, hint)

    def _not_of_own_page(self) -> Answer:
        text = "This does not come from the page of your connections, or the page is a day old. Nothing has been done."
        return self._page(403, "Nothing was done", text, f"Open {self._home_url} and press the button there.")

    def _other_method(self, name: str, method: str) -> Answer:
        text = "This address is opened with another method."
        hint = "Go back to where you came from."
        if name == "callback":
            text = "The server has sent its answer as a form, and not in the address, where it is read."
            hint = 'Tell the operator of this application to set authorization_parameters={"response_mode": "query"}.'
        answer = self._page(405, "This answer cannot be read" if name == "callback" else "Not here", text, hint)
        return Answer(answer.status, {**answer.headers, "Allow": method}, answer.body)

    def _page(self, status: int, title: str, text: str, hint: str) -> Answer:
        return Answer(status, HEADERS, self._pages.told(title, text, hint))

    def _told(self, told: tuple[int, str, str, str]) -> Answer:
        status, title, text, hint = told
        return Answer(status, HEADERS, self._pages.told(title, text, hint, is_failure=True))


def _text_of(result: LogoutResult) -> str:
    if not result.existed:
        return "it was not connected any more."
    if result.revoked and result.problem is None:
        return "disconnected. The server has ended the access."
    return f"disconnected here. {result.problem or ''}"
