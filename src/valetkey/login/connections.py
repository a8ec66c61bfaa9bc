# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The connections to the callback port: one thread reads one request from each, and answers it.

Another program of this computer may open as many as it likes and send as slowly as it likes. So each has a time limit
in all, their number is bounded, and where there is no room the oldest that has not sent its request makes some.
"""

import os
import selectors
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

LONGEST_EXCHANGE = 10.0
"""Seconds in which a connection has to send its request and take the answer."""
MOST_CONNECTIONS = 64
MOST_WAITING = 8
"""Browsers that wait for the result at once: a person reloads the page, presses a button twice, has two tabs."""
LONGEST_HEAD = 1 << 16
"""Bytes of a request with its fields: cookies of other programs at 127.0.0.1 come along."""
_TLS = b"\x16"
"""The first byte of TLS (RFC 8446 §5.1): a browser that tries https first goes on with http once it is refused."""
_BACKLOG = 128
_PAUSE = 0.05
"""Seconds until the next try where this process can accept no connection."""
_AT_ONCE = 16
"""Connections that are accepted before what the others have sent is read."""


def listen(host: str, port: int) -> socket.socket:
    """Bind; an `OSError` where another program has the port."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        if os.name == "posix":  # on Windows it would let two programs share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


class _Connection:
    """One browser, or another program; `unsent` is None until there is an answer for it."""

    def __init__(self, accepted: socket.socket) -> None:
        accepted.setblocking(False)
        self.socket = accepted
        self.ends_at = time.monotonic() + LONGEST_EXCHANGE
        self.received = bytearray()
        self.unsent: bytes | None = None
        self.waits = False

    def add(self, read: bytes) -> bytes | None:
        """Take what was read; give what stands before the first empty line, once it is there."""
        begin = max(0, len(self.received) - 2)  # each byte is looked at once, however slowly they come
        self.received += read
        ends = [end for end in (self.received.find(mark, begin) for mark in (b"\n\r\n", b"\n\n")) if end >= 0]
        return bytes(self.received[: min(ends)]).removesuffix(b"\r") if ends else None


class Connections:
    """
    The thread of the callback port while the context is open.

    `answer` gets the head of each request and gives the whole response. It gives None to keep that browser waiting
    until `release`, or until `patience` seconds are over and it gets the response `for_now`. A head that is too long
    gets the response `too_long`.
    """

    def __init__(
        self,
        listeners: Sequence[socket.socket],
        answer: Callable[[bytes], bytes | None],
        *,
        for_now: bytes,
        patience: float,
        too_long: bytes = b"",
    ) -> None:
        self._listeners = listeners
        self._answer = answer
        self._for_now = for_now
        self._patience = patience
        self._too_long = too_long
        self._open: dict[socket.socket, _Connection] = {}  # the oldest first
        self._released: bytes | None = None
        self._is_over = False
        self.delivered: threading.Event = threading.Event()
        """Set when each browser that has waited has its response, or has hung up."""

    def __enter__(self) -> Self:
        self._wakes, self._bell = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="valetkey-callback", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_over = True
        self._ring()
        self._thread.join()
        for each in (self._wakes, self._bell, *self._listeners):
            each.close()

    def release(self, response: bytes) -> None:
        """Give each browser that waits its response; also one that comes only after this."""
        self._released = response
        self._ring()

    def _ring(self) -> None:
        with suppress(OSError):
            self._bell.send(b".")

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            self._selector = selector
            for each in (self._wakes, *self._listeners):
                selector.register(each, selectors.EVENT_READ)
            while not self._is_over:
                ready = {key.fileobj for key, _ in selector.select(self._seconds_left())}
                for connection in [each for each in self._open.values() if each.socket in ready]:
                    self._go_on(connection)
                if self._wakes in ready:
                    self._wakes.recv(64)
                self._send_released()
                for listener in self._listeners:
                    if listener in ready:
                        self._accept(listener)
                self._end_late()
            for waiting in self._waiting():
                self._begin_to_send(waiting, self._released or self._for_now)
            for connection in list(self._open.values()):
                self._close(connection)

    def _seconds_left(self) -> float | None:
        """The seconds until a connection is late."""
        ends = [each.ends_at for each in self._open.values()]
        return max(0.0, min(ends) - time.monotonic()) if ends else None

    def _end_late(self) -> None:
        now = time.monotonic()
        for late in [each for each in self._open.values() if each.ends_at <= now]:
            if late.waits and late.unsent is None:
                self._begin_to_send(late, self._for_now)
            else:
                self._close(late)

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(_AT_ONCE):
            try:
                accepted, _ = listener.accept()
            except BlockingIOError:
                return
            except OSError:  # it has gone again, or this process has no file descriptor left
                if not self._close_oldest():
                    time.sleep(_PAUSE)
                return
            if len(self._open) >= MOST_CONNECTIONS:
                self._close_oldest()
            connection = self._open[accepted] = _Connection(accepted)
            self._selector.register(accepted, selectors.EVENT_READ)
            self._go_on(connection)

    def _close_oldest(self) -> bool:
        """Make room; False if there is none to close: a browser that waits for the result stays."""
        oldest = next((each for each in self._open.values() if not each.waits), None)
        if oldest is not None:
            self._close(oldest)
        return oldest is not None

    def _go_on(self, connection: _Connection) -> None:
        """Read or write what can be, without waiting."""
        try:
            if connection.unsent is not None:
                self._send(connection)
                return
            read = connection.socket.recv(LONGEST_HEAD)
        except BlockingIOError:
            return
        except OSError:
            read = b""
        if connection.waits:  # what else it sends is not read, and a browser that hangs up is not waited for
            if not read:
                self._close(connection)
            return
        head = connection.add(read)
        if head is not None:
            self._respond(connection, head)
        elif len(connection.received) >= LONGEST_HEAD:
            self._begin_to_send(connection, self._too_long)
        elif not read or connection.received.startswith(_TLS):
            self._close(connection)

    def _respond(self, connection: _Connection, head: bytes) -> None:
        try:
            response = self._answer(head)
        except Exception:  # noqa: BLE001 - else one request that was not foreseen would end the listening
            response = b""
        if response is not None:
            self._begin_to_send(connection, response)
            return
        connection.waits = True
        self.delivered.clear()
        connection.ends_at = time.monotonic() + self._patience
        for one_too_many in self._waiting()[:-MOST_WAITING]:
            self._begin_to_send(one_too_many, self._for_now)

    def _waiting(self) -> list[_Connection]:
        """Give the browsers that wait for the result."""
        return [each for each in self._open.values() if each.waits and each.unsent is None]

    def _send_released(self) -> None:
        for waiting in self._waiting() if self._released is not None else ():
            self._begin_to_send(waiting, self._released or b"")

    def _begin_to_send(self, connection: _Connection, response: bytes) -> None:
        connection.unsent = response
        connection.ends_at = time.monotonic() + LONGEST_EXCHANGE
        self._selector.modify(connection.socket, selectors.EVENT_WRITE)
        self._go_on(connection)

    def _send(self, connection: _Connection) -> None:
        unsent = connection.unsent or b""
        try:
            connection.unsent = unsent[connection.socket.send(unsent) :]
        except BlockingIOError:
            return
        except OSError:
            connection.unsent = b""
        if not connection.unsent:
            self._close(connection)

    def _close(self, connection: _Connection) -> None:
        self._selector.unregister(connection.socket)
        del self._open[connection.socket]
        with suppress(OSError):
            connection.socket.shutdown(socket.SHUT_WR)
        connection.socket.close()
        if connection.waits and not any(each.waits for each in self._open.values()):
            self.delivered.set()
