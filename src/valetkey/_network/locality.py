# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Where the MCP server lives: a server inside your network may lead to other places there, a server outside may not.

A name alone proves nothing, because who owns it can let it point anywhere. So an https server has to show its
certificate at the address that is claimed.
"""

import ssl
import time
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

import anyio

from valetkey import urls
from valetkey._network.addresses import Address, AddressKind, kind_of
from valetkey._network.guard import Guard
from valetkey._network.resolver import addresses_of, numeric_address
from valetkey.errors import TemporaryError, quote

REMEMBERED_SECONDS = 300.0
"""How long a proof lasts."""


class Locality:
    """
    What is known about the addresses of one MCP server. It is asked only when a URL does not lead to a public address.

    :param guard: The guard that knows the server's URL, and how names are looked up.
    :param now: Gives the seconds of a clock that nobody sets.
    """

    def __init__(self, guard: Guard, now: Callable[[], float] = time.monotonic) -> None:
        self._guard = guard
        self._now = now
        self._known_until: dict[AddressKind, float] = {}

    async def is_at(self, kind: AddressKind, tls: ssl.SSLContext) -> bool:
        """
        Tell whether the MCP server lives at an address of a kind.

        :param kind: The kind.
        :param tls: Whom to trust.
        :returns: True if it does.
        :raises TemporaryError: If the server cannot be reached, so that nobody can tell.
        """
        if self._guard.server_url is None or self._guard.server_host is None:
            return False
        if kind in self._known_until and self._now() < self._known_until[kind]:
            return True
        try:
            is_there = await self._look(self._guard.server_url, self._guard.server_host, kind, tls)
        except (OSError, anyio.BrokenResourceError, anyio.EndOfStream) as error:
            message = f"The MCP server {quote(self._guard.server_url)} cannot be reached to see where it lives."
            raise TemporaryError(message, hint="Check the network and try again.") from error
        if is_there:
            self._known_until[kind] = self._now() + REMEMBERED_SECONDS
        return is_there

    async def _look(self, server_url: str, host: str, kind: AddressKind, tls: ssl.SSLContext) -> bool:
        parts = urlsplit(server_url)
        is_https = parts.scheme.lower() == "https"
        port = parts.port or (443 if is_https else 80)
        addresses = await addresses_of(host, port, self._guard.resolve)
        if is_https and numeric_address(host) is None and not urls.is_loopback_host(host):
            return await _is_proven([address for address in addresses if kind_of(address) is kind], port, host, tls)
        # Written out by the user; or this computer; or plain http, where the name server is trusted already.
        kinds = set(map(kind_of, addresses))
        return kind in kinds and AddressKind.PUBLIC not in kinds


async def _is_proven(addresses: Iterable[Address], port: int, host: str, tls: ssl.SSLContext) -> bool:
    unreachable: Exception | None = None
    for address in addresses:
        try:
            stream = await anyio.connect_tcp(
                str(address), port, tls_hostname=host, ssl_context=tls, tls_standard_compatible=False
            )
        except ssl.SSLCertVerificationError:
            continue
        except (OSError, anyio.BrokenResourceError, anyio.EndOfStream) as error:
            unreachable = error
            continue
        await anyio.aclose_forcefully(stream)
        return True
    if unreachable is not None:
        raise unreachable
    return False
