# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What an examination has seen: the exchanges, what the engine's own parts made of them, and what is stored here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from valetkey import wire
from valetkey._discovery.target import AuthorizationTarget
from valetkey.errors import AuthError
from valetkey.protocol.challenge import Challenge
from valetkey.protocol.registration import REGISTERING
from valetkey.settings.settings import Settings
from valetkey.values import Client, MetadataSource, ResourceMetadata, ServerMetadata, Session
from valetkey.wire import HttpRequest, HttpResponse

ENDPOINT = "see whether the endpoint is there"
"""What the log says of a question whether an endpoint answers."""

Purpose = Literal["mcp", "resource", "server", "endpoint", "registration", "token"]
"""What a request of an examination asks for."""

FailureKind = Literal[
    "forbidden",
    "host",
    "refused",
    "unreachable",
    "certificate",
    "tls",
    "client_certificate",
    "proxy",
    "silent",
    "unreadable",
    "spent",
]
"""Why no answer came."""


@dataclass(frozen=True, slots=True)
class Failure:
    """No answer came, or none that can be read; `error` is what the engine would have raised."""

    kind: FailureKind
    error: AuthError


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request, and its answer or why there is none."""

    request: HttpRequest
    response: HttpResponse | None
    failure: Failure | None
    seconds: float
    received_at: float  # Unix time

    @property
    def status(self) -> int | None:
        """The status of the answer."""
        return None if self.response is None else self.response.status


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """
    How far a login came that was played without a person and without leaving anything behind.

    It is stopped where it would act: at its first request that is no question, or where a person would be asked.
    """

    error: AuthError | None = None  # what ended it before
    would_register: bool = False
    asks: tuple[tuple[str, str], ...] = ()  # of the authorization request that a browser would bring, without secrets


@dataclass(frozen=True, slots=True)
class Tried:
    """A login that was really made: its session or its error, and what the MCP server answered to the token."""

    session: Session | None = None
    error: AuthError | None = None
    answer: HttpResponse | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Stored:
    """The session in the store here: `unfit` is the option that wants another one, `place` where the store is."""

    session: Session | None = None
    unfit: str | None = None
    error: AuthError | None = None
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that the judgement depends on. None stands for what was not reached."""

    url: str  # as it may be shown
    settings: Settings | None = None
    settings_error: AuthError | None = None
    addresses: tuple[str, ...] | None = None  # their kinds
    by_proxy: bool = False
    answer: Exchange | None = None  # the one that says whether a login is wanted
    probes: tuple[Exchange, ...] = ()  # further questions about what the server speaks
    redirects: tuple[str, ...] = ()
    other_place: str | None = None  # where an MCP server answers, if none is at the URL
    challenges: tuple[Challenge, ...] = ()
    challenge: Challenge | None = None
    wants_login: bool = False
    offers_login: bool = False
    resource: ResourceMetadata | None = None
    resource_error: AuthError | None = None
    target: AuthorizationTarget | None = None
    target_error: AuthError | None = None
    server: ServerMetadata | None = None  # leniently read where there is no target
    server_document: HttpResponse | None = None
    issuer: str | None = None
    misplaced: tuple[Exchange, ...] = ()
    endpoints: tuple[Exchange, ...] = ()
    rehearsal: Rehearsal | None = None
    registered: Client | None = None
    registration_error: AuthError | None = None
    stored: Stored = field(default_factory=Stored)
    tried: Tried | None = None
    exchanges: Sequence[Exchange] = ()

    @property
    def ends_in_a_guess(self) -> bool:
        """True if nothing is published, and nothing is where a login is guessed to be."""
        is_guess = self.server is not None and self.server.source is MetadataSource.GUESSED
        return is_guess and self.rehearsal is not None and self.rehearsal.error is not None

    @property
    def issuer_named(self) -> str | None:
        """The issuer as the MCP server names it."""
        named = self.resource.authorization_servers if self.resource is not None else ()
        return next(iter(named), None)

    @property
    def misplaced_server(self) -> Exchange | None:
        """Metadata of an authorization server that lies where no client looks; that of the named issuer comes first."""
        found = [each for each in self.misplaced if _issuer_in(each.response) is not None]
        return next((each for each in found if _issuer_in(each.response) == self.issuer), next(iter(found), None))

    def asked_for(self, purpose: Purpose) -> tuple[Exchange, ...]:
        """Give the exchanges of a purpose."""
        return tuple(each for each in self.exchanges if purpose_of(each.request) == purpose)


_PURPOSES: dict[str, Purpose] = {
    "read what the MCP server says about its login": "resource",
    "read what the authorization server offers": "server",
    ENDPOINT: "endpoint",
    REGISTERING: "registration",
}


def purpose_of(request: HttpRequest) -> Purpose:
    """Tell what a request asks for, by the words that the log has for it."""
    if request.purpose in _PURPOSES:
        return _PURPOSES[request.purpose]
    return "mcp" if "MCP server" in request.purpose else "token"


def _issuer_in(response: HttpResponse | None) -> object:
    document = wire.json_object(response) if response is not None and response.status == 200 else None
    return document.get("issuer") if document is not None else None
