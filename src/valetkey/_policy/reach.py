# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Where a token goes: to the MCP server's URL, and to what the resource of its session covers (RFC 8707 §2, MCP, Tokens).

Several servers or customers may live on one origin, each below a path of its own; another one must not get the token.
"""

import re
from functools import lru_cache
from urllib.parse import parse_qs, quote, unquote, urlsplit

from valetkey import urls

_WELL_KNOWN = "/.well-known/"
_ALIKE = re.compile(r"%(?:3[0-9]|4[1-9A-F]|5[0-9A]|6[1-9A-F]|7[0-9A]|2D|5F|7E)", re.IGNORECASE)
"""The encodings of letters, digits and `- _ ~`, which change nothing (RFC 3986 §6.2.2.2). A dot may: some servers and
gateways read `%2e%2e` as the folder above, and others do not."""


@lru_cache(maxsize=256)  # it is asked for each request
def may_carry_token(url: str, server_url: str, resource: str | None) -> bool:
    """
    Tell whether a request to a URL may carry the token of a session at the MCP server's URL.

    A well-known document (RFC 8615) never wants one. The `resource` may be none of the server's, where the user names
    another one; the server's URL and what lies below it are covered all the same.
    """
    if not urls.same_origin(url, server_url):
        return False
    if _is_same(url, server_url):
        return True
    if unquote(path_of(url)).startswith(_WELL_KNOWN):
        return False
    return urls.covers(urls.canonical_resource(server_url), url) or (
        resource is not None and urls.covers(resource, url)
    )


@lru_cache(maxsize=64)
def path_of(url: str) -> str:
    """Give the path of a URL in one spelling, without a last slash: two that are equal lead to the same place."""
    encoded = quote(urlsplit(url).path, safe="/%:@!$&'()*+,;=~", errors="surrogatepass")
    path = _ALIKE.sub(_decoded, encoded)
    return path.removesuffix("/")


def _decoded(match: re.Match[str]) -> str:
    return chr(int(match[0][1:], 16))


def _is_same(url: str, server_url: str) -> bool:
    """Tell whether it is the MCP server's URL; what stands in that one's query must not say anything else here."""
    if path_of(url) != path_of(server_url):
        return False
    wanted = _query(server_url)
    found = _query(url)
    return all(found.get(name) == values for name, values in wanted.items())


def _query(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query, keep_blank_values=True)
