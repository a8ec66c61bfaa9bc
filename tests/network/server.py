# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A server that answers byte by byte what a test wants, and remembers what it was sent."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from tests.fakes.threads import LONGEST_WAIT


class Peer:
    """
    One connection that has sent a whole request.

    :param connection: The connection.
    :param request: What was sent: head and body.
    :param over: Set when the server ends.
    """

    def __init__(self, connection: socket.socket, request: bytes, over: threading.Event) -> None:
        self.request = request
        self._connection = connection
        self._over = over

    def send(self, *parts: bytes) -> None:
        """
        Send bytes.

        :param parts: The bytes.
        """
        for part in parts:
            self._connection.sendall(part)

    def drip(self, content: bytes, *, every: float) -> None:
        """
        Send single bytes with pauses, until all is sent or the other side has gone.

        :param content: The bytes.
        :param every: Seconds between them.
        """
        for byte in content:
            self.send(bytes([byte]))
            if self._over.wait(every):
                return

    def wait(self) -> None:
        """Say nothing until the other side hangs up."""
        self._connection.recv(1)

    def speak_tls(self, context: ssl.SSLContext) -> "Inside":
        """Speak TLS from here on, inside TLS if need be: what a proxy leads to."""
        return Inside(self._connection, context)


class Inside:
    """TLS on top of a connection that may speak TLS itself, as the server's side."""

    def __init__(self, connection: socket.socket, context: ssl.SSLContext) -> None:
        self._connection = connection
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._run(self._tls.do_handshake)

    def receive(self) -> bytes:
        """Receive a whole request: its client would find the connection reset if a part of it were left unread."""
        return read_request(lambda: self._run(lambda: self._tls.read(65536)))

    def send(self, content: bytes) -> None:
        """Send bytes."""
        self._run(lambda: self._tls.write(content))

    def send_together(self, *parts: bytes) -> None:
        """Send each part in a TLS record of its own, and all of them in one piece."""
        for part in parts:
            self._tls.write(part)
        self._connection.sendall(self._outgoing.read())

    def _run(self, step: Callable[[], Any]) -> Any:
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._connection.sendall(self._outgoing.read())
                received = self._connection.recv(65536)
                if not received:
                    raise ConnectionResetError from None  # else this thread would ask again and again
                self._incoming.write(received)
            else:
                self._connection.sendall(self._outgoing.read())
                return result


class WireServer:
    """
    A server on this computer while the context is open.

    :param answers: Each answers one request; a connection is closed when its last one returns.
    :param tls: Speaks TLS if given.
    :param host: Its loopback address.
    :param port: Its port, a free one if it does not matter.
    """

    def __init__(
        self,
        *answers: Callable[[Peer], None],
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.connections = 0
        self.requests: list[bytes] = []
        self.seen: list[bytes] = []
        self._answers = answers
        self._tls = tls
        self._listener = socket.create_server((host, port))
        self.port = int(self._listener.getsockname()[1])
        self.url = f"{'https' if tls else 'http'}://{host}:{self.port}"
        self._over = threading.Event()
        self._closed = threading.Semaphore(0)
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(LONGEST_WAIT)

    def wait_until_closed(self) -> None:
        """Wait until the server has closed one more connection."""
        assert self._closed.acquire(timeout=LONGEST_WAIT), "the server has closed no connection"

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(LONGEST_WAIT)
        try:
            with self._tls.wrap_socket(connection, server_side=True) if self._tls else connection as wrapped:
                for answer_one in self._answers:
                    request = self._read(wrapped)
                    if not request:
                        break
                    self.requests.append(request)
                    answer_one(Peer(wrapped, request, self._over))
        except OSError:
            return  # the other side has hung up
        finally:
            connection.close()
            self._closed.release()

    def _read(self, connection: socket.socket) -> bytes:
        def receive() -> bytes:
            part = connection.recv(65536)
            self.seen.extend([part] if part else [])
            return part

        return read_request(receive)


def read_request(receive: Callable[[], bytes]) -> bytes:
    """
    Read one request.

    :param receive: Receives the next part, or nothing at the connection's end.
    :returns: Its head and body, or nothing if the connection ended before.
    """
    received = b""
    while b"\r\n\r\n" not in received:
        part = receive()
        if not part:
            return b""
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        part = receive()
        if not part:
            return b""
        body += part
    return head + b"\r\n\r\n" + body


def answer(status: str = "200 OK", *headers: str, body: bytes = b"", closing: bool = True) -> bytes:
    """
    Write an answer.

    :param status: Its status and reason.
    :param headers: Its header fields.
    :param body: Its body; the length is added.
    :param closing: True to announce that the connection is closed after it.
    :returns: The bytes.
    """
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}"]
    lines += ["Connection: close"] * closing + ["", ""]
    return "\r\n".join(lines).encode() + body


@contextmanager
def ended_connection() -> Iterator[socket.socket]:
    """A connection that the other side has ended (FIN) and then reset (RST)."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as ended:
        peer, _ = listener.accept()
        peer.shutdown(socket.SHUT_WR)
        assert ended.recv(1) == b""
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()
        yield ended
