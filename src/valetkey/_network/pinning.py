# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Connecting to the addresses that were checked, and to no others: the name is not looked up a second time.

To the server nothing changes: certificate, SNI and the Host field go by the host's name.
"""

import socket
import ssl
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

import httpcore2

from valetkey._network.addresses import Address
from valetkey._network.clock import ExchangeClock
from valetkey._network.streams import TimedStream, translated

_REJECTING_ALERTS = frozenset(
    {
        *("TLSV1_ALERT_UNKNOWN_CA", "TLSV1_ALERT_ACCESS_DENIED", "SSLV3_ALERT_BAD_CERTIFICATE"),
        *("SSLV3_ALERT_CERTIFICATE_EXPIRED", "SSLV3_ALERT_CERTIFICATE_REVOKED", "SSLV3_ALERT_CERTIFICATE_UNKNOWN"),
        "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
    }
)
"""RFC 8446 §6.2, as OpenSSL names them."""

AddressesOf = Callable[[str, int], Sequence[Address]]
"""Gives the addresses to connect to; `OSError` if there are none, `TimeoutError` if looking them up takes too long."""


class PinnedBackend(httpcore2.NetworkBackend):
    """Connects for httpcore2: to the addresses of a host one after the other, until one takes the connection."""

    def __init__(self, addresses_of: AddressesOf, clock: ExchangeClock) -> None:
        self._addresses_of = addresses_of
        self._clock = clock

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect in the time that the exchange has for it; the other limits and options are of no effect."""
        del timeout, local_address, socket_options
        with translated(httpcore2.ConnectTimeout, httpcore2.ConnectError):
            addresses = self._addresses_of(host, port)
        return _PinnedStream(deque(addresses), port, self._clock)


class _PinnedStream(TimedStream):
    """A connection that goes on to the next address where the TLS handshake fails at one."""

    def __init__(self, addresses: deque[Address], port: int, clock: ExchangeClock) -> None:
        self._waiting = addresses
        self._port = port
        super().__init__(_connect(addresses, port, clock), clock)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._waiting.clear()  # what was written, a CONNECT to a proxy, would be missing at another address
        super().write(buffer, timeout)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        while True:
            try:
                return super().start_tls(ssl_context, server_hostname, timeout)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                if not self._waiting or certificate_fault(error) is not None:
                    raise
            self._socket = _connect(self._waiting, self._port, self._clock)


def _connect(waiting: deque[Address], port: int, clock: ExchangeClock) -> socket.socket:
    """Connect to the first address that takes the connection; each has its share of the time that is left."""
    while True:
        address = str(waiting.popleft())
        try:
            with translated(httpcore2.ConnectTimeout, httpcore2.ConnectError):
                seconds = clock.left_to_connect() / (len(waiting) + 1)
                connection = socket.create_connection((address, port), seconds)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return connection
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
            if not waiting:
                raise


def certificate_fault(error: BaseException) -> ssl.SSLCertVerificationError | None:
    """Give the fault of the server's certificate, None if the connection failed because of something else."""
    return next((each for each in _tls_errors(error) if isinstance(each, ssl.SSLCertVerificationError)), None)


def wants_certificate(error: BaseException) -> bool:
    """Tell whether the server has ended the connection because it was shown no client certificate (RFC 8446 §6.2)."""
    return any(each.reason == "TLSV13_ALERT_CERTIFICATE_REQUIRED" for each in _tls_errors(error))


def rejects_certificate(error: BaseException) -> bool:
    """Tell whether the server has ended the connection because of the client certificate that it was shown."""
    return any(each.reason in _REJECTING_ALERTS for each in _tls_errors(error))


def _tls_errors(error: BaseException) -> Iterator[ssl.SSLError]:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            yield cause
        cause = cause.__cause__ or cause.__context__
