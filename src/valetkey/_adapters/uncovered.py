# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A request to the MCP server's origin that got no token and is rejected: one line in the log, for each path once."""

import logging
from typing import TYPE_CHECKING

from valetkey import urls
from valetkey._adapters.credential import AUTHORIZATION, AnyResponse
from valetkey.errors.texts import harmless

if TYPE_CHECKING:
    from valetkey._engine.engine import Engine

_logger = logging.getLogger("valetkey")

_MOST = 16
"""How many paths are told; a program that asks for more of them has been told enough."""


class Uncovered:
    """Tells which paths of the MCP server's origin wanted a token, and had none because no resource covers them."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self._told: set[str] = set()

    def tell(self, response: AnyResponse) -> None:
        """Log a 401 to a request that no one has given a credential."""
        if response.status_code != 401 or AUTHORIZATION in response.request.headers or len(self._told) >= _MOST:
            return
        address = urls.without_query(str(response.url))
        if address in self._told or not self._engine.may_serve(address):
            return
        self._told.add(address)
        server = self._engine.settings.server_url
        _logger.warning(
            "%s has answered 401. The request had no token, because the token is for %s and what lies below. If it is "
            "meant for this address too, give resource= (in Settings) a URL that covers both, as in %s; else make an "
            "OAuth with this URL for it.",
            *(harmless(text) for text in (address, urls.without_query(server), urls.origin(server))),
        )
