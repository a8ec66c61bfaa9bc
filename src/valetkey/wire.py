# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""HTTP messages as plain values: what the pure side builds and reads, with no HTTP library in sight."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeGuard
from urllib.parse import urlencode

from valetkey.errors import MalformedDocument, TemporaryError
from valetkey.values import Scope, Secret, scope_from_text

Fields = Mapping[str, str]
"""Parameters of a form: each name once (RFC 6749 §3.2)."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """
    A request of ours to a metadata document or to an endpoint of an authorization server.

    :param purpose: What the request is for, in words a person can follow ("exchange the code for a token").
    :param issuer: The issuer whose endpoint this is; None for documents that are read before one is known.
    :param credentials_of: The issuers whose credentials travel in the request. The guard lets the request out
        only when each of them is `issuer`.
    :param secrets: What in the body must not be seen again, see `without_echo`.
    """

    method: str
    url: str
    purpose: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    issuer: str | None = None
    credentials_of: tuple[str, ...] = ()
    secrets: tuple[Secret, ...] = ()

    def __repr__(self) -> str:
        return f"HttpRequest({self.method} {self.url}: {self.purpose})"


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """The whole answer to an `HttpRequest`; `url` is the one that was asked."""

    status: int
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """
        Look a header field up by its case-insensitive name.

        :param name: The field name.
        :returns: The first value, or None.
        """
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def __repr__(self) -> str:
        return f"HttpResponse({self.status} from {self.url}, {len(self.body)} bytes)"


Send = Callable[[HttpRequest], HttpResponse]
"""The seam: sends one request and gives the whole answer; `TemporaryError` when none came."""

LONGEST_EXCHANGE = 10.0
"""Seconds for all of an exchange, from looking the host name up to the last byte received."""


class UnknownOutcome(TemporaryError):
    """The request left, and no answer came: the server may or may not have acted on it."""


def without_echo(response: HttpResponse, request: HttpRequest) -> HttpResponse:
    """
    Take out of an error answer what it repeats of the request's secrets: its text ends up in errors and logs.

    :param response: The answer.
    :param request: The request it answers.
    :returns: The answer, with an ellipsis in the place of each secret; one that is no error is left alone.
    """
    if response.status < 400:
        return response
    body = response.body
    for secret in request.secrets:
        body = body.replace(secret.reveal().encode(), "…".encode())
    return replace(response, body=body)


def get_json(url: str, purpose: str, *, headers: tuple[tuple[str, str], ...] = ()) -> HttpRequest:
    """
    Build the request for a metadata document: no credential, no cookie.

    :param url: The document's URL.
    :param purpose: What the document is for.
    :param headers: Further header fields.
    :returns: The request.
    """
    return HttpRequest("GET", url, purpose, headers=(("Accept", "application/json"), *headers))


def form(fields: Fields) -> bytes:
    """
    Encode the parameters of a token request (RFC 6749 appendix B).

    :param fields: The parameters.
    :returns: The body.
    """
    return urlencode(fields).encode("ascii")


def json_object(response: HttpResponse) -> dict[str, Any] | None:
    """
    Read a JSON object from a response, whatever its Content-Type says.

    :param response: The response.
    :returns: The object, or None when the body is anything else (an HTML page, an empty body, a list).
    """
    try:
        document = json.loads(response.body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def text_member(document: Mapping[str, Any], member: str, url: str) -> str | None:
    """
    Read a string member; an absent, null or empty one is None.

    :param document: The JSON object.
    :param member: Its member.
    :param url: Where the document came from.
    :returns: The string exactly as it was sent.
    :raises MalformedDocument: If the member is something else than a string.
    """
    value = document.get(member)
    if value is None or value == "":
        return None
    if not _is_text(value):
        raise _wrong_type(url, member, "a string")
    return value


def list_member(document: Mapping[str, Any], member: str, url: str) -> tuple[str, ...] | None:
    """
    Read a member that is a list of strings; an absent, null or empty one is None (RFC 9728 §3.2, RFC 8414 §3.2).

    :param document: The JSON object.
    :param member: Its member.
    :param url: Where the document came from.
    :returns: The strings.
    :raises MalformedDocument: If the member is something else.
    """
    value = document.get(member)
    if value is None or value == []:
        return None
    if not isinstance(value, list) or not all(_is_text(item) for item in value):
        raise _wrong_type(url, member, "a list of strings")
    return tuple(value)


def scope_member(document: Mapping[str, Any], member: str, url: str) -> Scope | None:
    """
    Read a member that is a list of scopes: empty strings left out, each token once (RFC 6749 §3.3).

    :param document: The JSON object.
    :param member: Its member.
    :param url: Where the document came from.
    :returns: The tokens, or None when there is none: an empty `scope` parameter is never sent.
    :raises MalformedDocument: If the member is something else than a list of strings.
    """
    return scope_from_text(" ".join(list_member(document, member, url) or ()))


def _is_text(value: object) -> TypeGuard[str]:
    """JSON can write half a surrogate pair (RFC 8259 §8.2), and no request or file can carry it on."""
    return isinstance(value, str) and not any("\ud800" <= char <= "\udfff" for char in value)


def _wrong_type(url: str, member: str, wanted: str) -> MalformedDocument:
    return MalformedDocument(
        f"The document at {url} has a member {member!r} that is not {wanted}.",
        hint="This is a fault of the server; its operator has to correct the document.",
        url=url,
        member=member,
    )
