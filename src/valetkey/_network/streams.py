# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Connections whose every blocking call ends with the exchange, for httpcore2.

httpcore2 gives each read and each write a time limit of its own. Here the limits come from the `ExchangeClock`.
"""

import selectors
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import httpcore2

from valetkey._network.clock import ExchangeClock

_LARGEST_RECORD = 16_384  # RFC 8446 §5.1
_Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)  # without a file descriptor of its own

Result = TypeVar("Result")


class TimedStream(httpcore2.NetworkStream):
    """A TCP connection, with TLS or without."""

    def __init__(self, connection: socket.socket, clock: ExchangeClock) -> None:
        self._socket = connection
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Receive; the exchange ends before `timeout`, which is of no effect."""
        del timeout
        with translated(httpcore2.ReadTimeout, httpcore2.ReadError):
            self._socket.settimeout(self._clock.left())
            return self._socket.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send everything; the exchange ends before `timeout`, which is of no effect."""
        del timeout
        rest = memoryview(buffer)
        with translated(httpcore2.WriteTimeout, httpcore2.WriteError):
            while rest:
                self._socket.settimeout(self._clock.left())
                rest = rest[self._socket.send(rest) :]
                self._clock.has_sent = True

    def close(self) -> None:
        """Close the connection, without the closing message of TLS: nothing waits for the server."""
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        """Make the TLS handshake, in the time for connecting."""
        del timeout
        with closed_on_failure(self), translated(httpcore2.ConnectTimeout, httpcore2.ConnectError):
            _require_host_name(server_hostname or "")
            if isinstance(self._socket, ssl.SSLSocket):  # a proxy that speaks TLS itself
                return _InnerTls(self, ssl_context, server_hostname)
            self._socket.settimeout(self._clock.left_to_connect())  # for the whole handshake
            return TimedStream(wrap_in_tls(self._socket, ssl_context, server_hostname), self._clock)

    def get_extra_info(self, info: str) -> Any:
        """Answer what httpcore2 asks: a connection that is readable between two exchanges was closed by the server."""
        if info == "ssl_object" and isinstance(self._socket, ssl.SSLSocket):
            return self._socket
        if info == "is_readable":
            has_decrypted = isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0
            return has_decrypted or _is_readable(self._socket)
        return None


class _InnerTls(httpcore2.NetworkStream):
    """TLS inside the TLS of a proxy: the `ssl` module wraps no socket twice."""

    def __init__(self, outer: TimedStream, context: ssl.SSLContext, hostname: str | None) -> None:
        self._outer = outer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=hostname)
        try:
            self._run(self._tls.do_handshake)
        except httpcore2.TimeoutException as error:
            raise TimeoutError from error
        except httpcore2.NetworkError as error:
            raise ConnectionError from error

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        del timeout
        with translated(httpcore2.ReadTimeout, httpcore2.ReadError):
            try:
                return self._run(lambda: self._tls.read(max_bytes))
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        del timeout
        rest = memoryview(buffer)
        with translated(httpcore2.WriteTimeout, httpcore2.WriteError):
            while rest:
                written = rest
                rest = rest[self._run(lambda: self._tls.write(written)) :]  # noqa: B023 - called at once

    def close(self) -> None:
        self._outer.close()

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable" and (self._incoming.pending or self._tls.pending()):
            return True
        return self._tls if info == "ssl_object" else self._outer.get_extra_info(info)

    def _run(self, step: Callable[[], Result]) -> Result:
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._outer.write(self._outgoing.read())
                received = self._outer.read(_LARGEST_RECORD)
                if received:
                    self._incoming.write(received)
                else:
                    self._incoming.write_eof()
            else:
                self._outer.write(self._outgoing.read())
                return result


@contextmanager
def translated(timeout: type[Exception], failure: type[Exception]) -> Iterator[None]:
    """Turn the errors of a socket into those of httpcore2."""
    try:
        yield
    except TimeoutError as error:
        raise timeout from error
    except OSError as error:
        raise failure(str(error)) from error


@contextmanager
def closed_on_failure(stream: httpcore2.NetworkStream) -> Iterator[None]:
    """Close a connection that cannot be used."""
    try:
        yield
    except BaseException:
        stream.close()
        raise


def wrap_in_tls(connection: socket.socket, context: ssl.SSLContext, hostname: str | None) -> ssl.SSLSocket:
    """
    Make the TLS handshake.

    If the other side has already ended the connection, `ssl` makes none, says nothing, and would send plain text.
    """
    wrapped = context.wrap_socket(connection, server_hostname=hostname)
    if wrapped.version() is None:
        wrapped.close()
        message = "the connection ended before the TLS handshake"
        raise ConnectionResetError(message)
    return wrapped


def _is_readable(connection: socket.socket) -> bool:
    if connection.fileno() < 0:
        return True
    with _Selector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        return bool(selector.select(0))


def _require_host_name(name: str) -> None:
    """Refuse a name with an empty label, or one that is too long; `ssl` would refuse it and leave the socket open."""
    try:
        name.encode("idna")
    except UnicodeError as error:
        message = "is not a host name"
        raise ConnectionError(message) from error
