# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The MCP servers that a user sees on the page: those that the app names, those that he has logged in to."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from haystack_integrations.tools.mcp_oauth.config import OAuthConfig
from haystack_integrations.tools.mcp_oauth.web.server_lists import ListedServer, ServerLists
from valetkey._adapters.framework import Engine, LogoutResult, shared_engine
from valetkey.login import PendingLogin
from valetkey.store import Store
from valetkey.values import Session


@dataclass(frozen=True, slots=True)
class OfferedServer:
    """An MCP server that the app names, with the settings of its logins."""

    url: str
    config: OAuthConfig

    @property
    def listed(self) -> ListedServer:
        """It, as it stands on a user's list."""
        return ListedServer(self.url, self.config.label, self.config.client_id, None)


@dataclass(frozen=True, slots=True)
class Connection:
    """One server of a user as the page shows it; `session` is None if he is not logged in there."""

    server: ListedServer
    session: Session | None
    can_connect: bool

    @property
    def ends_at(self) -> float | None:
        """When the session ends by itself, in Unix time; one with a refresh token is renewed."""
        token = self.session.token if self.session is not None else None
        return None if token is None or token.refresh_token is not None else token.expires_at

    def is_good(self, now: float) -> bool:
        """Tell whether the session can still be used: neither its server nor its time has ended it."""
        return self.session is not None and self.session.ended is None and (self.ends_at is None or self.ends_at > now)


class Connections:
    """The servers and sessions of the users of one app. Each method may wait for a store or a server."""

    def __init__(
        self,
        store: Store,
        offered: Sequence[OfferedServer],
        public_url: str,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._offered = {each.listed.key: each for each in offered}
        self._public_url = public_url
        self._lists = ServerLists(store)
        self._now = now

    def of(self, principal: str) -> list[Connection]:
        """Give what a user sees: first what the app names, then what else he has logged in to and not ended."""
        listed = {each.key: each for each in self._lists.of(principal)}
        named = [listed.get(key, each.listed) for key, each in self._offered.items()]
        shown = [self._connection(each, principal) for each in named]
        others = (self._connection(each, principal) for key, each in listed.items() if key not in self._offered)
        return [*shown, *(each for each in others if each.session is not None)]

    def find(self, principal: str, key: str) -> Connection | None:
        """Give one of a user's servers; None if it is none that he could see."""
        listed = {each.key: each for each in self._lists.of(principal)}
        offered = self._offered.get(key)
        server = listed.get(key) or (offered.listed if offered is not None else None)
        return None if server is None else self._connection(server, principal)

    def begin(self, principal: str, key: str) -> PendingLogin | None:
        """Begin a login at a server that the app names; None if the user is logged in there, or no login is wanted."""
        return self._engine(self._offered[key].listed, principal).begin()

    def end(self, principal: str, key: str) -> LogoutResult:
        """Log a user out: revoke the tokens of the session, delete it, and take the server off his list."""
        server = next((each for each in self._lists.of(principal) if each.key == key), None)
        result = self._engine(server or self._offered[key].listed, principal).logout()
        self._lists.remove(principal, key)
        return result

    @contextmanager
    def settings_at_hand(self, login: PendingLogin) -> Iterator[None]:
        """Keep the settings of a login's server in this process: a key or a network is in no record."""
        mine = (each for each in self._offered.values() if each.url == login.server_url)
        engines = [self._engine(each.listed, login.principal) for each in mine]
        yield
        del engines

    def note(self, login: PendingLogin, session: Session) -> ListedServer:
        """Put the server of a login that has ended well onto its user's list."""
        # A session is found by the client that its settings name, which the record of the session does not say.
        candidates = [
            ListedServer(login.server_url, login.label, client_id, self._now())
            for client_id in (session.client.client_id, None)
        ]
        has_session = (each for each in candidates if self._connection(each, login.principal).session is not None)
        server = next(has_session, candidates[-1])
        self._lists.add(login.principal, server)
        return server

    def _connection(self, server: ListedServer, principal: str) -> Connection:
        session = self._engine(server, principal).stored_session()
        return Connection(server, session, can_connect=server.key in self._offered)

    def _engine(self, server: ListedServer, principal: str) -> Engine:
        offered = self._offered.get(server.key)
        if offered is not None:
            config = offered.config
        else:
            config = OAuthConfig(client_id=server.client_id, label=server.label, grant_type="authorization_code")
        settings = replace(config, public_url=self._public_url).to_settings(server.url, principal)
        return shared_engine(settings, store=self._store, login="link")
