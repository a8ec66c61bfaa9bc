# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Standard input and output as the transport to the client (MCP Transports, stdio).

Both are taken away from the rest of the process, and from the programs that it starts: what anything prints goes to
standard error, and nothing but the bridge reads what the client writes.
"""

import asyncio
import os
import queue
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper

_CHUNK = 262_144
_MOST_WAITING = 8_388_608
"""Bytes that wait for a client that does not read, before the server has to wait too."""

_FLUSH = 1.0
"""Seconds for the client to read what is left at the end."""


class Stdio:
    """
    The two ends of the client's pipes. Made before anything may print; used in one event loop.

    `has_ended` is set when the client has closed its end of the input, and `is_broken` when it reads no more.
    """

    def __init__(self) -> None:
        self.is_broken = not _is_open(1)
        self._input, self._output = _take_over()
        self._waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._size = 0
        self._lock = threading.Lock()  # guards _size
        self._is_awaited = False
        self._writer = threading.Thread(target=self._write, name="valetkey-bridge-output", daemon=True)

    @property
    def is_terminal(self) -> bool:
        """True if no client has started the bridge, but a person in a terminal."""
        return os.isatty(self._input)

    def start(self, receive: Callable[[bytes], None]) -> None:
        """Begin to read and to write; `receive` gets each line, in the event loop of the caller."""
        self._loop = asyncio.get_running_loop()
        self.has_ended = asyncio.Event()
        self._has_room = asyncio.Event()
        if self.is_broken:
            self.has_ended.set()
        self._writer.start()
        threading.Thread(target=self._read, args=(receive,), name="valetkey-bridge-input", daemon=True).start()

    async def write(self, text: str) -> None:
        """Write a message, after those before it; wait if the client is far behind."""
        line = text.encode("utf-8", "replace") + b"\n"
        while self._size > _MOST_WAITING and not self.is_broken:
            self._has_room.clear()
            self._is_awaited = True
            if self._size > _MOST_WAITING:  # or the writer has finished before it could see that it is awaited
                await self._has_room.wait()
        with self._lock:
            self._size += len(line)
        self._waiting.put(line)

    def flush(self) -> None:
        """Let the client have what is written, if it reads it soon."""
        self._waiting.put(None)
        self._writer.join(_FLUSH)

    def _read(self, receive: Callable[[bytes], None]) -> None:
        rest: list[bytes] = []
        # Not through a buffered file: its lock would be held when the process ends.
        while chunk := _read_some(self._input):
            *lines, last = chunk.split(b"\n")
            if lines:
                lines[0] = b"".join([*rest, lines[0]])
                rest = []
            rest += [last] if last else []
            for line in lines:
                self._in_loop(receive, line)
        if rest:
            self._in_loop(receive, b"".join(rest))
        self._in_loop(self.has_ended.set)

    def _write(self) -> None:
        while (line := self._waiting.get()) is not None:
            if not self.is_broken and not _write_all(self._output, line):
                self.is_broken = True
                self._in_loop(self.has_ended.set)
            with self._lock:
                self._size -= len(line)
            if self._is_awaited and self._size <= _MOST_WAITING:
                self._in_loop(self._make_room)

    def _make_room(self) -> None:
        self._is_awaited = False
        self._has_room.set()

    def _in_loop(self, call: Callable[..., object], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: the process ends
            self._loop.call_soon_threadsafe(call, *arguments)


def _take_over() -> tuple[int, int]:
    """Move both streams to descriptors that no other program inherits, and leave harmless ones in their places."""
    if sys.stderr is None:  # it was closed when the process began
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - until the end of the process
    if sys.stdout is not None:
        sys.stdout.flush()
    taken = _moved(0, os.O_RDONLY), _moved(1, os.O_WRONLY)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2 if _is_open(2) else _moved(2, os.O_WRONLY), 1)
    sys.stdin = TextIOWrapper(os.fdopen(0, "rb", closefd=False))
    sys.stdout = sys.stderr
    if sys.platform == "win32":
        import msvcrt

        for each in taken:
            msvcrt.setmode(each, os.O_BINARY)
    return taken


def _moved(descriptor: int, mode: int) -> int:
    """Give another descriptor of a stream; of nothing, where the stream is closed."""
    if not _is_open(descriptor):
        os.open(os.devnull, mode)  # takes the lowest descriptor that is free, which is this one
    return os.dup(descriptor)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _read_some(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _CHUNK)
    except OSError:
        return b""


def _write_all(descriptor: int, line: bytes) -> bool:
    view = memoryview(line)
    try:
        while view:
            view = view[os.write(descriptor, view) :]
    except OSError:
        return False
    return True
