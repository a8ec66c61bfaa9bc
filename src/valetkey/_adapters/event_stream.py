# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Putting events into a stream of server-sent events.

Over SSE the answer to a POST comes in on the GET stream. So an answer that is given in the server's place must come in
there too, between two events of the server. The events are found in the decoded stream: a server may compress it,
whatever was asked for (RFC 9110 §12.5.3).
"""

import asyncio
import json
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from types import ModuleType
from typing import Any

import anyio
import anyio.lowlevel

_ENDS_OF_EVENT = (b"\n\n", b"\r\r", b"\r\n\r\n")
_LONGEST_END = 4


class EventStream:
    """The GET stream of one SSE session. Used in one event loop only."""

    def __init__(self) -> None:
        self._ours: deque[bytes] = deque()
        self._has_changed = anyio.Event()
        self.is_closed = False

    def deliver(self, answer: dict[str, Any]) -> None:
        """Put a JSON-RPC answer into the stream."""
        self._ours.append(f"event: message\ndata: {json.dumps(answer)}\n\n".encode())
        self._has_changed.set()

    def wrap(self, library: ModuleType, response: Any) -> Any:
        """Give a response, which is still unread, another stream: decoded, and with what `deliver` puts in."""
        codings = response.headers.pop("Content-Encoding", "").lower().replace("x-gzip", "gzip")  # RFC 9110 §8.4.1.3
        response.headers.pop("Content-Length", None)
        headers = {"Content-Encoding": codings} if codings else {}
        source = library.Response(200, headers=headers, stream=response.stream, request=response.request)
        reader = _Reader(source, self._tell)
        merged = self._merged

        class Stream(library.AsyncByteStream):  # type: ignore[misc, name-defined]  # chosen at run time
            def __aiter__(self) -> AsyncIterator[bytes]:
                return merged(reader)

            async def aclose(self) -> None:
                await reader.stop()
                await source.aclose()

        response.stream = Stream()
        return response

    def _tell(self) -> None:
        self._has_changed.set()

    async def _merged(self, reader: "_Reader") -> AsyncIterator[bytes]:
        """Merge both sources in the order of arrival; an answer of ours waits for the end of the server's event."""
        tail = _ENDS_OF_EVENT[0]
        reader.start()
        try:
            while True:
                if self._ours and tail.endswith(_ENDS_OF_EVENT):
                    yield self._ours.popleft()
                elif reader.has_chunk:
                    chunk = reader.take()
                    tail = (tail + chunk)[-_LONGEST_END:]
                    yield chunk
                elif reader.has_ended:
                    reader.raise_error()
                    return
                else:
                    self._has_changed = anyio.Event()
                    await self._has_changed.wait()
        finally:
            self.is_closed = True
            await reader.stop()


class _Reader:
    """Reads a response in a task of its own, one chunk ahead: a read that is broken off would end the connection."""

    def __init__(self, response: Any, tell: Callable[[], None]) -> None:
        self._response = response
        self._tell = tell
        self._scope = anyio.CancelScope()
        self._has_started = False
        self._done = anyio.Event()
        self._chunk: bytes | None = None
        self._error: Exception | None = None
        self._has_room = anyio.Event()

    @property
    def has_chunk(self) -> bool:
        return self._chunk is not None

    @property
    def has_ended(self) -> bool:
        return self._done.is_set()

    def start(self) -> None:
        self._has_started = True
        _spawn(self._read)

    def take(self) -> bytes:
        chunk, self._chunk = self._chunk, None
        self._has_room.set()
        return chunk or b""

    def raise_error(self) -> None:
        """Raise what the library raised, where the stream broke off."""
        if self._error is not None:
            raise self._error

    async def stop(self) -> None:
        """Break the reading off, and wait until it has ended, also in a task that is being cancelled."""
        self._scope.cancel()
        if self._has_started:
            with anyio.CancelScope(shield=True):
                await self._done.wait()

    async def _read(self) -> None:
        try:
            with self._scope:
                async for chunk in self._response.aiter_bytes():
                    self._has_room = anyio.Event()
                    self._chunk = chunk
                    self._tell()
                    await self._has_room.wait()
        except Exception as error:  # noqa: BLE001 - the reader of the stream gets it
            self._error = error
        finally:
            self._done.set()
            self._tell()


_tasks: set["asyncio.Task[None]"] = set()
"""Tasks that run: asyncio itself keeps no reference to them."""


def _spawn(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Start a task that no task group waits for, in asyncio or trio."""
    trio = sys.modules.get("trio")
    if trio is not None and hasattr(anyio.lowlevel.current_token().native_token, "run_sync_soon"):
        trio.lowlevel.spawn_system_task(work)
        return
    task = asyncio.ensure_future(work())
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
