# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Asking: an MCP server, its authorization server and the store here; what came is judged elsewhere.

The engine's own parts ask (`_discovery`, `protocol`), in the order in which a login does. Where they stop at a fault,
the examination goes on with what the document says, as far as that makes sense.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from valetkey import urls
from valetkey._cli.doctor import questions, reading
from valetkey._cli.doctor.facts import ENDPOINT, Exchange, Facts
from valetkey._cli.doctor.reaching import ask_mcp_server, look_up
from valetkey._cli.doctor.recorder import Recorder
from valetkey._cli.doctor.registering import register
from valetkey._cli.doctor.rehearsal import rehearse
from valetkey._cli.doctor.trying import LogIn, stored_session, try_login
from valetkey._discovery.discovery import discover
from valetkey._discovery.metadata_requests import MetadataRequests
from valetkey._discovery.resource import ask_resource
from valetkey._discovery.server import ask_issuer
from valetkey._network.resolver import Resolve
from valetkey.errors import AuthError
from valetkey.protocol.error_response import ABSENT_STATUSES
from valetkey.seams import Seams
from valetkey.settings.settings import Settings
from valetkey.store.protocol import Store
from valetkey.values import MetadataSource
from valetkey.wire import HttpRequest, get_json

_MOST_ENDPOINTS = 3


@dataclass
class Examination:
    """One examination of one MCP server."""

    url: str  # as it may be shown
    settings: Settings
    store: Store
    seams: Seams
    resolve: Resolve | None = None  # None if only the sender looks host names up
    registers: bool = False  # True if a client is really registered
    log_in: LogIn | None = None  # None if no login is wanted
    place: str = ""  # where the store is
    _facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._recorder = Recorder(self.seams.send, self.seams.now, self.seams.monotonic)

    def run(self) -> Facts:
        """Ask everything, in order; what cannot be reached is left out."""
        # First, so that no text that is made from now on repeats a token of it, whatever a server sends.
        self._facts["stored"] = stored_session(self.settings, self.store, self.place)
        with self.seams.keep_connections():
            self._facts.update(look_up(self.settings, self.resolve))
            self._facts.update(ask_mcp_server(self.settings, self._recorder))
            if self._facts["answer"].response is not None:
                self._ask_about_login()
            if self.log_in is not None and self._may_log_in():
                self._facts["tried"] = try_login(self.log_in, self.seams, self._facts["answer"].request.url)
        return Facts(
            url=self.url,
            settings=self.settings,
            exchanges=tuple(self._recorder.exchanges),
            **self._facts,
        )

    # The login.

    def _ask_about_login(self) -> None:
        settings, challenge, send = self.settings, self._facts["challenge"], self._recorder
        try:
            answer = ask_resource(settings, challenge, send)
            self._facts["resource"] = answer.metadata
        except AuthError as error:
            self._facts["resource_error"] = error
        resource = self._facts.get("resource")
        offers = resource is not None and bool(resource.authorization_servers)
        named = settings.issuer is not None or settings.needs_no_discovery
        self._facts["offers_login"] = not self._facts["wants_login"] and (offers or named)
        if resource is None and not self._recorder.is_spent:
            self._look_for(questions.misplaced_resource_urls(settings.server_url))
        if not (self._facts["wants_login"] or self._facts["offers_login"]):
            return
        try:
            self._facts["target"] = discover(settings, challenge, send)
        except AuthError as error:
            self._facts["target_error"] = error
        self._read_server()
        self._ask_endpoints()
        challenges, is_missing = self._facts["challenges"], self._is_guess_missing()
        rehearsal = rehearse(settings, self.store, self._recorded(), challenges, is_missing=is_missing)
        self._facts["rehearsal"] = rehearsal
        if self.registers and rehearsal.error is None:  # a client for a login that cannot work would be one too many
            self._facts.update(register(settings, self._facts["target"], challenge, self.store, self._recorded()))

    def _is_guess_missing(self) -> bool:
        """Tell whether nothing is at a guessed login page: it is not there, or the page is the one of every path."""
        server = self._facts.get("server")
        if server is None or server.source is not MetadataSource.GUESSED:
            return False
        page = next(
            (each for each in self._facts["endpoints"] if each.request.url == server.authorization_endpoint), None
        )
        if page is None or page.response is None or page.status in ABSENT_STATUSES:
            return True
        others = (each.response for each in self._recorder.exchanges if each.request.purpose != ENDPOINT)
        return any(each is not None and each.body and each.body == page.response.body for each in others)

    def _recorded(self) -> Seams:
        seams = self.seams
        return Seams(
            send=self._recorder,
            login=seams.login,
            now=seams.now,
            pause=seams.pause,
            random=seams.random,
            monotonic=seams.monotonic,
            jitter=seams.jitter,
            judge_link=seams.judge_link,
        )

    def _read_server(self) -> None:
        """Take the server that the engine has found; else read leniently what was published."""
        target = self._facts.get("target")
        if target is None:
            self._ask_named_issuer()
        documents = [each.response for each in self._recorder.exchanges if _has_issuer(each)]
        issuer = target.server.issuer if target is not None else None
        document = next((each for each in documents if reading.document_in(each).get("issuer") == issuer), None)
        document = document or next(iter(documents), None)
        self._facts["server_document"] = document
        self._facts["server"] = target.server if target is not None else reading.server_in(document)
        named = self._issuers()
        self._facts["issuer"] = issuer or next(iter(named), None)
        if document is None and self._facts["issuer"] is not None:
            self._look_for(questions.misplaced_server_urls(self._facts["issuer"]))

    def _issuers(self) -> tuple[str, ...]:
        if self.settings.issuer is not None:
            return (self.settings.issuer,)
        documents = (each.response for each in self._recorder.exchanges if each.request.method == "GET")
        return next((named for each in documents if (named := reading.issuers_in(each))), ())

    def _ask_named_issuer(self) -> None:
        """Ask the issuer of a document that is refused: its other faults are worth knowing too."""
        issuer = next(iter(self._issuers()), None)
        if issuer is None or not urls.is_endpoint(issuer):
            return
        with suppress(AuthError):
            ask_issuer(issuer, self.settings, MetadataRequests(self._recorder))

    def _look_for(self, places: Sequence[str]) -> None:
        """Look where documents lie by mistake."""
        asked = [self._recorder.exchange(_question(place)) for place in places]
        found = tuple(each for each in asked if reading.document_in(each.response))
        self._facts["misplaced"] = (*self._facts.get("misplaced", ()), *found)

    def _ask_endpoints(self) -> None:
        """See whether the endpoints answer, each once; they get no parameter, so nothing comes of it."""
        server = self._facts.get("server")
        if server is None:
            return
        places = dict.fromkeys(
            filter(None, (server.authorization_endpoint, server.token_endpoint, server.device_authorization_endpoint))
        )
        asked = [questions.endpoint_request(each) for each in places if urls.is_endpoint(each)][:_MOST_ENDPOINTS]
        self._facts["endpoints"] = tuple(map(self._recorder.exchange, asked))

    def _may_log_in(self) -> bool:
        rehearsal = self._facts.get("rehearsal")
        failed = self._facts.get("registration_error") is not None
        return rehearsal is not None and rehearsal.error is None and not failed


def unreached(url: str, error: AuthError) -> Facts:
    """Give the facts where nothing can be asked because of the settings."""
    return Facts(url=url, settings_error=error)


def _has_issuer(exchange: Exchange) -> bool:
    return exchange.request.method == "GET" and isinstance(reading.document_in(exchange.response).get("issuer"), str)


def _question(url: str) -> HttpRequest:
    return get_json(url, "look where metadata lies by mistake")
