# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A provider as it was recorded: what it publishes word for word, and how it takes what it is sent."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

from tests.fakes.network import challenges
from tests.fakes.seams import Clock, Person, RecordingStore
from valetkey._engine.engine import Engine
from valetkey._grants.living_client import PURPOSE
from valetkey._network.guard import Guard
from valetkey._sessions.codec import decode_session, session_key
from valetkey.errors import LoginFailed
from valetkey.seams import Seams
from valetkey.settings.settings import Settings
from valetkey.values import Session
from valetkey.wire import HttpRequest, HttpResponse

HOUR = 3600.0

Form = Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What came back: JSON for a document, else the text as it was."""

    content: object
    status: int = 200
    media_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()

    def to(self, request: HttpRequest) -> HttpResponse:
        body = self.content if isinstance(self.content, str) else json.dumps(self.content)
        headers = (("Content-Type", self.media_type), *self.headers)
        return HttpResponse(self.status, request.url, headers, body.encode())


NOT_FOUND = Answer("Not Found", 404, "text/plain")
FORBIDDEN = Answer("Forbidden", 403, "text/plain")


class ErrorPage(Exception):
    """The person's browser ends on a page of the provider, and nothing ever comes back."""


def anything(asked: Form) -> dict[str, str]:
    """Every login succeeds."""
    del asked
    return {"code": "code-1"}


@dataclass(kw_only=True)
class Provider:
    """
    One provider; what it was asked is in the lists.

    :param mcp_url: The MCP server.
    :param challenge: What it answers without a token.
    :param documents: What is published, by URL; everything else is not found.
    :param token: Answers a token request, given its form with `authorization` for the header.
    :param authorize: Answers a login with the parameters of the callback.
    :param register: Answers a registration.
    """

    mcp_url: str
    documents: Mapping[str, object]
    token: Callable[[Form], Answer]
    challenge: str | None = None
    authorize: Callable[[Form], dict[str, str]] = anything
    register: Callable[[dict[str, object]], Answer] | None = None
    authorizations: list[dict[str, str]] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    registrations: list[dict[str, object]] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        Guard().check(request)  # as the real sender does
        self.urls.append(request.url)
        if request.method == "GET":
            document = self.documents.get(request.url, NOT_FOUND)
            answer = document if isinstance(document, Answer) else Answer(document)
        elif request.url == self._endpoint("registration_endpoint") and self.register is not None:
            self.registrations.append(json.loads(request.body))
            answer = self.register(self.registrations[-1])
        elif request.purpose == PURPOSE:  # no report says how the provider answers a code that it has never issued
            answer = Answer({"error": "invalid_grant"}, 400)
        else:
            assert request.url == self._endpoint("token_endpoint")
            self.forms.append(self._form(request))
            answer = self.token(self.forms[-1])
        return answer.to(request)

    def _endpoint(self, name: str) -> str | None:
        named = [each[name] for each in self.documents.values() if isinstance(each, dict) and name in each]
        return named[0] if named else None

    def _form(self, request: HttpRequest) -> dict[str, str]:
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True))
        header = dict(request.headers).get("Authorization")
        if header is not None:
            form["authorization"] = unquote_plus(base64.b64decode(header.removeprefix("Basic ")).decode())
        if form["grant_type"] == "authorization_code":  # RFC 7636 §4.6, RFC 6749 §4.1.3
            asked = self.authorizations[-1]
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]
            assert form["redirect_uri"] == asked["redirect_uri"]
        return form

    def visit(self, authorization_url: str, *, allows: bool = True) -> str:
        """Let a person's browser go to the provider, and give where it comes back."""
        assert authorization_url.startswith(f"{self._endpoint('authorization_endpoint')}?")
        asked = dict(parse_qsl(urlsplit(authorization_url).query, keep_blank_values=True, strict_parsing=True))
        self.authorizations.append(asked)
        try:
            answer = self.authorize(asked) if allows else {"error": "access_denied"}
        except ErrorPage as page:
            message = "Nobody has logged in."
            raise LoginFailed(message, hint="Log in next time.") from page
        return f"{asked['redirect_uri']}?{urlencode({**answer, 'state': asked['state']})}"


class Life:
    """
    A user's life with a provider.

    :param provider: The provider.
    :param settings: What the user has set.
    """

    def __init__(self, provider: Provider, **settings: object) -> None:
        self.provider = provider
        self.settings = Settings(**{"url": provider.mcp_url, **settings})
        self.clock = Clock()
        self.store = RecordingStore()
        self.person = Person(visits=provider.visit)

    def engine(self) -> Engine:
        """A program that has just been started."""
        clock = self.clock
        seams = Seams(send=self.provider, login=self.person, now=clock.now, pause=clock.pause, monotonic=clock.now)
        return Engine(self.settings, self.store, seams)

    def log_in(self) -> Session:
        """The MCP server rejects the first call; a person logs in, or a machine proves itself."""
        fields = () if self.provider.challenge is None else (self.provider.challenge,)
        self.engine().replace(None, challenges(*fields))
        return self.kept()

    def renew(self, *, after: float = 24 * HOUR) -> Session:
        """A day later another process goes on with the session, and asks nobody."""
        self.clock.time += after
        before, asked = self.kept(), len(self.person.asked)
        self.engine().replace(before.token)
        assert len(self.person.asked) == asked, "a person had to log in"
        return self.kept()

    def kept(self) -> Session:
        record = self.store.inner.get(session_key(self.settings))
        assert record is not None, "there is no session in the store"
        return decode_session(record.value)
