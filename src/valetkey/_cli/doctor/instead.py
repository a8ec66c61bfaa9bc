# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What came in the place of a document or of a member of it, in words."""

from collections.abc import Iterable, Mapping
from typing import Any

from valetkey import wire
from valetkey._cli.doctor.facts import Exchange
from valetkey._cli.doctor.reading import document_in
from valetkey._cli.doctor.shown import is_page, shown_url
from valetkey.errors import quote
from valetkey.protocol.error_response import ABSENT_STATUSES

_WORDS_FOR_SERVERS = frozenset({"authserver", "oauthserver", "issuer"})
_MOST_MEMBERS = 50


def came_instead(exchanges: Iterable[Exchange]) -> str:
    """Say what came where a metadata document should be; nothing if no place answers with anything of its own."""
    for exchange in exchanges:
        text = _instead(exchange)
        if text:
            return f" {shown_url(exchange.request.url)} {text}."
    return ""


def _instead(exchange: Exchange) -> str:
    response = exchange.response
    if response is None or response.status in ABSENT_STATUSES or 300 <= response.status < 400:
        return ""
    if response.status in (401, 403):
        return f"answers {response.status}, and metadata has to be readable without a login"
    if response.status != 200:
        return ""
    if is_page(response):
        return "answers with a web page"
    if not response.body.strip():
        return "answers without a body"
    document = document_in(response)
    if document or wire.json_object(response) is not None:
        return _of_document(document)
    return "answers with something that is no JSON object"


def _of_document(document: Mapping[str, Any]) -> str:
    if "token_endpoint" in document:
        return "has the metadata of an authorization server"
    if "authorization_servers" in document:
        return "has the metadata of an MCP server"
    return "has a document without the members of such metadata"


def misnamed(document: Mapping[str, Any], member: str) -> str:
    """Say that a document has a member whose name is nearly that of the one that is missing."""
    wanted = _bare(member)
    for name in list(document)[:_MOST_MEMBERS]:
        is_like = _bare(name) == wanted or (member == "authorization_servers" and _bare(name) in _WORDS_FOR_SERVERS)
        if name != member and is_like:
            return f" It has {quote(name, 60)} instead."
    return ""


def _bare(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").removesuffix("s")


def lack_of(document: Mapping[str, Any], member: str) -> str:
    """Say how a member is missing that counts as absent: it is not there, empty, or of a form that cannot be used."""
    value = document.get(member)
    if value is None:
        return f"{member} is missing."
    return f"{member} is empty." if value in ([], "") else f"{member} has a form that cannot be used."
