# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The other addresses of an MCP server that it names itself: where it redirects to, and where an SSE session posts.

They are known in this process only, because the server names them again for each connection.
"""

from valetkey import urls
from valetkey._policy.reach import path_of

_MOST = 16


class Legs:
    """The legs of one MCP server, all on its origin. A set of them is replaced as a whole, so it needs no lock."""

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url
        self._paths: tuple[str, ...] = ()

    def __contains__(self, url: str) -> bool:
        if not self._paths:
            return False
        return urls.same_origin(url, self._server_url) and path_of(url) in self._paths

    def learn(self, reference: str, base: str) -> None:
        """Note an address that the server has named in an answer to `base`, if it is on the server's origin."""
        url = urls.resolve(reference, base)
        if url is None or not urls.same_origin(url, self._server_url):
            return
        path = path_of(urls.without_fragment(url))
        self._paths = (*(each for each in self._paths if each != path), path)[-_MOST:]
