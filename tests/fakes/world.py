# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Everything an engine touches, in one place, and an engine in it."""

from collections.abc import Callable

from tests.fakes.authorization_server import ISSUER, MCP, TOKEN, AuthorizationServer
from tests.fakes.network import Internet
from tests.fakes.seams import BEGINNING, Clock, Person, RecordingStore
from valetkey._engine.attempts import Attempts
from valetkey._engine.engine import Engine
from valetkey._sessions.codec import client_key, decode_session, encode_client, encode_session, session_key
from valetkey.seams import Seams
from valetkey.settings.settings import Settings
from valetkey.store import Store
from valetkey.values import Client, Secret, ServerMetadata, Session, Token, TokenType


def a_session(access_token: str = "access-0", *, refresh_token: str | None = "refresh-0", **changes: object) -> Session:
    """
    Make a session of the usual server, obtained when the clock begins.

    :param access_token: The access token.
    :param refresh_token: The refresh token.
    :param changes: What else of the token or the session is different.
    :returns: The session.
    """
    token = {"obtained_at": BEGINNING, "expires_at": BEGINNING + 3600, "scope": None}
    token["token_type"] = TokenType.BEARER if changes.get("dpop_key") is None else TokenType.DPOP
    token.update({name: changes.pop(name) for name in list(changes) if name in token})
    secret = Secret(refresh_token) if refresh_token is not None else None
    session: dict[str, object] = {
        "client": Client("client-0", ISSUER),
        "server": ServerMetadata(ISSUER, token_endpoint=TOKEN),
        "resource": MCP,
    }
    return Session(Token(Secret(access_token), refresh_token=secret, **token), **{**session, **changes})


class Tasks:
    """What stores are to do later, and do when the clock is there and the test says so."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: list[tuple[float, Callable[[], float | None], str]] = []

    def add(self, seconds: float, task: Callable[[], float | None], place: str) -> None:
        self._due.append((self._clock.now() + seconds, task, place))

    def run(self) -> list[str]:
        """Do what is due, and what follows from it; give the places."""
        places = []
        while due := [each for each in self._due if each[0] <= self._clock.now()]:
            for each in due:
                self._due.remove(each)
                _, task, place = each
                places.append(place)
                if (again := task()) is not None:
                    self.add(again, task, place)
        return places

    def __len__(self) -> int:
        return len(self._due)


class World:
    """
    One server, one person, one clock, one store.

    :param switches: The switches of the server.
    """

    def __init__(self, **switches: object) -> None:
        self.server = AuthorizationServer(**switches)
        self.send: AuthorizationServer | Internet = self.server
        self.clock = Clock()
        self.server.now = self.clock.now
        self.person = Person(visits=self.server.visit)
        self.store = RecordingStore()
        self.tasks = Tasks(self.clock)

    @staticmethod
    def settings(**settings: object) -> Settings:
        return Settings(**{"url": MCP, **settings})

    def seams(self, **changes: object) -> Seams:
        clock = self.clock
        usual = {
            "send": self.send,
            "login": self.person,
            "now": clock.now,
            "pause": clock.pause,
            "monotonic": clock.now,
            "jitter": lambda: 0.0,
            "later": self.tasks.add,
        }
        return Seams(**{**usual, **changes})

    def attempts(self, *, seams: Seams | None = None, **settings: object) -> Attempts:
        return Attempts(self.settings(**settings), self.store, seams or self.seams(), lambda prompt: None)

    def engine(self, *, seams: Seams | None = None, store: Store | None = None, **settings: object) -> Engine:
        return Engine(self.settings(**settings), store or self.store, seams or self.seams())

    def logged_in(self, **settings: object) -> Engine:
        """Give an engine whose person has logged in a day ago; what led there is not in the records."""
        engine = self.engine(**settings)
        engine.replace(None)
        self.clock.time += 86_400
        self.forget_what_happened()
        return engine

    def forget_what_happened(self) -> None:
        for record in (self.server.requests, self.store.calls, self.person.asked, self.person.told):
            record.clear()
        self.person.wanted_addresses.clear()
        self.person.has_been_asked.clear()

    def kept(self, **settings: object) -> Session:
        """Give the session as it is in the store."""
        record = self.store.inner.get(session_key(self.settings(**settings)))
        assert record is not None, "there is no session in the store"
        return decode_session(record.value)

    def keep(self, session: Session, **settings: object) -> None:
        """Put a session into the store, as another program would."""
        self.store.inner.put(session_key(self.settings(**settings)), encode_session(session))

    def keep_client(self, client: Client, **settings: object) -> None:
        """Put a registration into the store, as another program would."""
        self.store.inner.put(client_key(client.issuer, self.settings(**settings)), encode_client(client))
