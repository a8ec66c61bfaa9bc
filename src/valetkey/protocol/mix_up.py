# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Whose login page an authorization server names: its own, or that of another server (mix-up, RFC 9700 §4.4).

A hostile server names the login page of an honest one, and its own token endpoint: the person logs in at a page that
they know, and the hostile server gets the code and the verifier.
"""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote_plus, unquote_plus, urlsplit

from valetkey import urls, wire
from valetkey.protocol.server import server_candidates
from valetkey.values import ServerMetadata
from valetkey.wire import HttpResponse

PageMember = Literal["authorization_endpoint", "device_authorization_endpoint"]
"""Where a login begins; what comes of it goes to the token endpoint."""

_MOST_SEGMENTS = 3
"""How long the path of an issuer is that is looked for: older Keycloaks have `/auth/realms/NAME`."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What the host of a login page says: which issuer it belongs to, and where what comes of a login goes."""

    issuer: str
    page: str
    token_endpoint: str


def page_elsewhere(server: ServerMetadata, member: PageMember) -> str | None:
    """
    Give the login page of a server if it lies neither at the issuer's origin nor at that of its token endpoint.

    At the issuer's, it is the issuer's own. At the token endpoint's, the code goes back to where it came from.
    """
    page = getattr(server, member)
    if page is None or server.token_endpoint is None:
        return None
    is_beside = urls.same_origin(page, server.issuer) or urls.same_origin(page, server.token_endpoint)
    return None if is_beside else page


def claim_urls(page: str) -> tuple[str, ...]:
    """List where the issuer of a login page may publish its metadata: at the root, and above the page's path."""
    origin, segments = urls.origin(page), tuple(map(quote_plus, _segments(page)[:-1][:_MOST_SEGMENTS]))
    above = ["/".join((origin, *segments[:count])) for count in range(1, len(segments) + 1)]
    with_path = [url for issuer in above for url in (server_candidates(issuer)[0], server_candidates(issuer)[-1])]
    return tuple(dict.fromkeys((*server_candidates(origin), *with_path)))


def parse_claim(response: HttpResponse, member: PageMember, page: str) -> Claim | None:
    """Read a document at one of `claim_urls`; None if it is none, or is about another page of that host."""
    document = wire.json_object(response) if response.status == 200 else None
    if document is None:
        return None
    issuer, named, token_endpoint = (
        wire.text_member(document, each, response.url) for each in ("issuer", member, "token_endpoint")
    )
    if issuer is None or named is None or token_endpoint is None or not _is_same_page(named, page):
        return None
    return Claim(issuer, named, token_endpoint)


def is_mixed_up(server: ServerMetadata, claim: Claim) -> bool:
    """Tell whether the login page belongs to another issuer, and what comes of a login would not go there."""
    is_its_own = urls.same_issuer(server.issuer, claim.issuer, strict=False)
    return not is_its_own and not urls.same_origin(server.token_endpoint or "", claim.token_endpoint)


def _is_same_page(one: str, other: str) -> bool:
    """
    Compare the paths as leniently as a server may read them, so that no spelling of a page hides whose it is.

    The hosts are not compared: the document was read at the page's host, which may be one name of several.
    """
    return _segments(one.lower()) == _segments(other.lower())


def _segments(url: str) -> tuple[str, ...]:
    segments: list[str] = []
    for segment in unquote_plus(urlsplit(url).path).split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment not in ("", "."):
            segments.append(segment.partition(";")[0])
    return tuple(segments)
