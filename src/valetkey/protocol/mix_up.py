# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Whose login page an authorization server names: its own, or that of another server (mix-up, RFC 9700 §4.4).

A hostile server names the login page of an honest one, and its own token endpoint: the person logs in at a page that
they know, and the hostile server gets the code and the verifier.
"""

import re
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
_MOST_DECODINGS = 3
_END_OF_SEGMENT = re.compile(r"[;?#].*", re.DOTALL)
"""Tomcat leaves `;x=y` out, and a proxy may decode what then begins a query."""
_FILLING = re.compile(r"[\x00-\x20\x7f]+")
"""What some programs skip in a path."""


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
    """List where the issuer of a login page may publish its metadata: at the root, above the page's path, beside it."""
    origin, segments = urls.origin(page), tuple(map(quote_plus, _segments(page)[:-1]))
    above = ["/".join((origin, *segments[:count])) for count in range(1, min(len(segments), _MOST_SEGMENTS) + 1)]
    with_path = [url for issuer in above for url in (server_candidates(issuer)[0], server_candidates(issuer)[-1])]
    is_beside = 2 < len(segments) <= _MOST_SEGMENTS + 1  # the issuer of `/TENANT/oauth2/v2.0/authorize` has no `oauth2`
    beside = [server_candidates("/".join((origin, *segments[:-2], segments[-1])))[-1]] if is_beside else []
    return tuple(dict.fromkeys((*server_candidates(origin), *with_path, *beside)))


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
    return max(len(one), len(other)) <= urls.LONGEST_URL and _place(one) == _place(other)


def _place(url: str) -> tuple[str, ...]:
    """Give a path in one spelling; the last segment without its ending, as Rails reads `/authorize.html`."""
    path = urlsplit(url).path
    for _ in range(_MOST_DECODINGS):
        path = unquote_plus(path)
    *above, page = _segments_of(path.lower()) or ("",)
    return (*(_FILLING.sub("", segment).rstrip(".") for segment in above), _FILLING.sub("", page).partition(".")[0])


def _segments(url: str) -> tuple[str, ...]:
    return _segments_of(unquote_plus(urlsplit(url).path))


def _segments_of(path: str) -> tuple[str, ...]:
    segments: list[str] = []
    for part in path.replace("\\", "/").split("/"):
        segment = _END_OF_SEGMENT.sub("", part)
        read = _FILLING.sub("", segment)
        if read == "..":
            del segments[-1:]
        elif read not in ("", "."):
            segments.append(segment)
    return tuple(segments)
