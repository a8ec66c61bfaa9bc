# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Connecting through a SOCKS5 proxy (RFC 1928), which looks the host's name up.

httpcore2 can do it with a further package only, takes an answer in two pieces for a wrong one, and leaves the socket
open when the proxy refuses.
"""

import ipaddress
from collections.abc import Iterable

import httpcore2

from valetkey._network.pinning import PinnedBackend
from valetkey._network.streams import closed_on_failure

DEFAULT_PORT = 1080
"""RFC 1928 §3."""

_VERSION, _CONNECT, _SUCCEEDED = 5, 1, 0
_NO_AUTHENTICATION, _PASSWORD = 0, 2
_IPV4, _NAME, _IPV6 = 1, 3, 4
_LENGTHS = {_IPV4: 4, _IPV6: 16}


class SocksBackend(httpcore2.NetworkBackend):
    """Connects for httpcore2: to the proxy at `address`, and through it to the host."""

    def __init__(self, backend: PinnedBackend, address: tuple[str, int], user: tuple[bytes, bytes] | None) -> None:
        self._backend = backend
        self._address = address
        self._user = user

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect in the time that the exchange has; the other limits and options are of no effect."""
        del timeout, local_address, socket_options
        stream = self._backend.connect_tcp(*self._address)
        with closed_on_failure(stream):
            try:
                self._greet(stream)
                self._lead_to(stream, host, port)
            except (httpcore2.TimeoutException, httpcore2.NetworkError, OverflowError) as error:
                message = "the proxy has broken off"  # or a name has more than 255 characters
                raise httpcore2.ProxyError(message) from error
        return stream

    def _greet(self, stream: httpcore2.NetworkStream) -> None:
        method = _NO_AUTHENTICATION if self._user is None else _PASSWORD
        stream.write(bytes([_VERSION, 1, method]))
        _require(_received(stream, 2) == bytes([_VERSION, method]))
        if self._user is not None:
            name, password = self._user
            stream.write(b"\x01" + _counted(name) + _counted(password))  # RFC 1929 §2
            _require(_received(stream, 2)[1] == _SUCCEEDED)

    def _lead_to(self, stream: httpcore2.NetworkStream, host: str, port: int) -> None:
        stream.write(bytes([_VERSION, _CONNECT, 0]) + _destination(host) + port.to_bytes(2, "big"))
        version, reply, _, kind = _received(stream, 4)
        _require(version == _VERSION and reply == _SUCCEEDED and kind in (*_LENGTHS, _NAME))
        length = _received(stream, 1)[0] if kind == _NAME else _LENGTHS[kind]
        _received(stream, length + 2)  # where the proxy connects from


def _destination(host: str) -> bytes:
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return bytes([_NAME]) + _counted(host.encode("ascii"))
    return bytes([_IPV4 if address.version == 4 else _IPV6]) + address.packed


def _counted(text: bytes) -> bytes:
    return len(text).to_bytes(1, "big") + text


def _received(stream: httpcore2.NetworkStream, length: int) -> bytes:
    """Receive exactly so much: what follows belongs to the server behind the proxy."""
    received = b""
    while len(received) < length:
        part = stream.read(length - len(received))
        _require(bool(part))
        received += part
    return received


def _require(is_fulfilled: bool) -> None:
    if not is_fulfilled:
        message = "the proxy refuses"
        raise httpcore2.ProxyError(message)
