# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Reading what other programs keep of a login: the answers of a token endpoint and of a registration endpoint.

No other program writes down all that a session needs; `adoption` discovers the rest.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from valetkey._discovery.target import AuthorizationTarget
from valetkey.errors import AuthError, ConfigurationError, MalformedDocument
from valetkey.protocol.registration import ClientMetadata, parse_registration
from valetkey.protocol.token import parse_token, read_lifetime
from valetkey.store.backends.private_files import open_ordinary
from valetkey.values import Client, Scope, ServerMetadata, Token
from valetkey.wire import HttpResponse, json_object_in, list_member, text_member

Members = Mapping[str, Any]

LONG_AGO = 0.0
"""The time at which a token was obtained, where the program has not written it down."""

_LONGEST = 1_048_576
"""Bytes of a file that are read; no login takes as many."""

_LATEST = 1e12
"""In Unix time; a later one is no time at all."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """
    A session as another program keeps it.

    :param place: Where the token is kept, for people.
    :param registration: The answer of the registration endpoint; None if the program has not registered itself.
    :param issuer: The issuer of token and client; None if the program has not written it down.
    :param requested_scope: The scope that was asked for, if that is known.
    :param resource_of: Gives the `resource` that this program names in its requests.
    """

    program: str
    place: str
    token: Token
    registration: Members | None = field(repr=False)
    issuer: str | None
    requested_scope: Scope | None
    resource_of: Callable[[AuthorizationTarget], str | None] = field(repr=False)

    def client_at(self, server: ServerMetadata) -> Client | None:
        """Give the client that the program has registered."""
        if self.registration is None:
            return None
        try:
            addresses = list_member(self.registration, "redirect_uris", self.place) or (None,)
            wanted = ClientMetadata(addresses[0], self.program)
            answer = HttpResponse(201, self.place, body=json.dumps(self.registration).encode())
            return parse_registration(answer, server, wanted, now=self.token.obtained_at)
        except AuthError as error:
            raise unreadable(self.program, self.place) from error


def as_json(text: str, program: str, place: str) -> Members:
    """Read a JSON object that another program has written."""
    document = json_object_in(text)
    if document is None:
        raise unreadable(program, place)
    return document


def read_time(value: object, *, units: int = 1) -> float | None:
    """
    Read a time in Unix time; None for what is no time.

    :param units: How many of its units make a second.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _LATEST * units:
        return None
    return value / units


def read_token(
    members: Members, program: str, place: str, *, expires_at: float | None, written_at: float | None
) -> Token:
    """Read the answer of a token endpoint, as another program keeps it."""
    lifetime = read_lifetime(members.get("expires_in"))
    obtained_at = written_at
    if lifetime is not None and expires_at is not None:
        obtained_at = expires_at - lifetime
    try:
        answer = HttpResponse(200, place, body=json.dumps(members).encode())
        token = parse_token(answer, now=obtained_at or LONG_AGO, requested_scope=None)
    except AuthError as error:
        raise unreadable(program, place) from error
    return token if obtained_at is not None else replace(token, expires_at=None)


def read_issuer(token: Members, registration: Members | None, program: str, place: str) -> str | None:
    """
    Read the issuer that a program has written down, as the MCP SDKs do since their second major version.

    :param registration: The answer of the registration endpoint, if there was one.
    """
    named = [text_member(members, "issuer", place) for members in (token, registration or {})]
    issuers = list(dict.fromkeys(issuer for issuer in named if issuer is not None))
    if len(issuers) > 1:
        raise unreadable(program, place)
    return issuers[0] if issuers else None


def read_file(path: Path) -> str | None:
    """Read a file of another program; None if there is no such file."""
    try:
        with open_ordinary(path) as file:
            return file.read(_LONGEST).decode("utf-8", "replace")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}."
        raise ConfigurationError(message, hint="Check the file's rights, or log in instead.") from error


def unreadable(program: str, place: str) -> MalformedDocument:
    """Build the error for a file or record in a format that its program does not write."""
    message = f"{place} is not what {program} writes."
    return MalformedDocument(message, hint="Log in instead of migrating that session.", url=place)
