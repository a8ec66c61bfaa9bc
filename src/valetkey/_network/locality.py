# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Where the MCP server lives: a server inside your network may lead to other places there, a server outside may not.

A name alone proves nothing, because its owner can let it point anywhere. So an https server has to show its
certificate at the address that is claimed.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from valetkey import urls
from valetkey._network.addresses import Address, AddressKind, kind_of
from valetkey._network.clock import ExchangeClock
from valetkey._network.guard import Guard
from valetkey._network.hosts import numeric_address
from valetkey._network.resolver import addresses_of
from valetkey._network.streams import wrap_in_tls
from valetkey.errors import TemporaryError, quote

REMEMBERED_SECONDS = 300.0
"""How long a proof lasts."""

TrustedBy = Callable[[], ssl.SSLContext]
"""Gives the certificate authorities to trust; called only where TLS is spoken."""


class Locality:
    """The kinds of addresses that one MCP server lives at. Asked only where a URL leads to no public address."""

    def __init__(self, guard: Guard, trusted: TrustedBy, now: Callable[[], float] = time.monotonic) -> None:
        self._guard = guard
        self._trusted = trusted
        self._now = now
        self._known_until: dict[AddressKind, float] = {}

    def is_at(self, kind: AddressKind, clock: ExchangeClock) -> bool:
        """
        Tell whether the MCP server lives at an address of a kind.

        :raises TemporaryError: If the server cannot be reached, so that it is not known.
        :raises TimeoutError: If finding out takes longer than connecting may.
        """
        if self._guard.server_url is None or self._guard.server_host is None:
            return False
        if kind in self._known_until and self._now() < self._known_until[kind]:
            return True
        try:
            is_there = self._look(self._guard.server_url, self._guard.server_host, kind, clock)
        except TimeoutError:
            raise
        except OSError as error:
            message = f"The MCP server {quote(self._guard.server_url)} cannot be reached to see where it lives."
            raise TemporaryError(message, hint="Check the network and try again.") from error
        if is_there:
            self._known_until[kind] = self._now() + REMEMBERED_SECONDS
        return is_there

    def _look(self, server_url: str, host: str, kind: AddressKind, clock: ExchangeClock) -> bool:
        parts = urlsplit(server_url)
        is_https = parts.scheme.lower() == "https"
        port = parts.port or (443 if is_https else 80)
        addresses = addresses_of(host, port, self._guard.resolve, clock.left_to_connect())
        if is_https and numeric_address(host) is None and not urls.is_loopback_host(host):
            claimed = [address for address in addresses if kind_of(address) is kind]
            return _is_proven(claimed, port, host, self._trusted(), clock) if claimed else False
        # Written out by the user; or this computer; or plain http, where the name server is trusted already.
        kinds = set(map(kind_of, addresses))
        return kind in kinds and AddressKind.PUBLIC not in kinds


def _is_proven(addresses: Iterable[Address], port: int, host: str, tls: ssl.SSLContext, clock: ExchangeClock) -> bool:
    """Tell whether a server at one of the addresses has a good certificate of the host."""
    unreachable: OSError | None = None
    for address in addresses:
        try:
            with socket.create_connection((str(address), port), clock.left_to_connect()) as connection:
                connection.settimeout(clock.left_to_connect())
                wrap_in_tls(connection, tls, host).close()
        except ssl.SSLCertVerificationError:
            continue
        except OSError as error:
            clock.left_to_connect()  # TimeoutError, if it was the time that is over
            unreachable = error
            continue
        return True
    if unreachable is not None:
        raise unreachable
    return False
