# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Hearing which other addresses an MCP server names for itself, because the token goes there too.

It redirects within its origin, or tells an SSE session where to post (MCP 2024-11-05, HTTP with SSE): the first event
of the stream. The stream is read by its reader as it comes; what passes is looked at until that event, and not changed.
"""

import re
import sys
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from valetkey._adapters.credential import AnyResponse
    from valetkey._engine.engine import Engine

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEP_METHOD = frozenset({307, 308})
_LONGEST = 65_536
"""Bytes of a stream in which its first event is looked for."""
_END_OF_LINE = re.compile(rb"\r\n|\n|\r")


def hear(engine: "Engine", response: "AnyResponse") -> None:
    """Note what a response of the MCP server names; a response of another server names nothing."""
    for one in (*getattr(response, "history", ()), response):
        if one.status_code in _REDIRECTS:
            _hear_redirect(engine, one)
    if response.status_code == 200 and response.request.method == "GET":
        _hear_stream(engine, response)


def _hear_redirect(engine: "Engine", response: "AnyResponse") -> None:
    """A redirect that turns a POST into a GET leads to a page, and to no MCP server."""
    keeps_method = response.status_code in _KEEP_METHOD or response.request.method in ("GET", "HEAD")
    location = response.headers.get("location")
    if keeps_method and location and engine.serves(str(response.url)):
        engine.legs.learn(location.strip(), str(response.url))


def _hear_stream(engine: "Engine", response: Any) -> None:
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "text/event-stream" or response.is_closed or "mcp-session-id" in response.request.headers:
        return  # a stream of streamable HTTP names no address
    if not engine.serves(str(response.url)):
        return
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        engine.legs.learn_nothing_readable()
        return
    response.stream = _listening(response, _FirstEvent(engine, str(response.url)))


class _FirstEvent:
    """Looks for the event that names an address, in the pieces of a stream."""

    def __init__(self, engine: "Engine", url: str) -> None:
        self._engine = engine
        self._url = url
        self._begun = b""
        self._length = 0
        self._event = self._data = ""
        self._is_done = False

    def pass_by(self, piece: bytes) -> bytes:
        if not self._is_done:
            *lines, self._begun = _END_OF_LINE.split(self._begun + piece[: _LONGEST - self._length])
            self._length += len(piece)
            for line in lines:
                self._read(line.decode("utf-8", "replace"))
            if self._length >= _LONGEST:
                self._is_done = True
        return piece

    def _read(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._event = value
        elif name == "data":
            self._data = value
        if self._event == "endpoint" and self._data:
            self._engine.legs.learn(self._data.strip(), self._url)
            self._is_done = True
        elif not line:
            self._event = self._data = ""


def _listening(response: Any, first_event: _FirstEvent) -> Any:
    """Give the stream of a response, as one of its library, that is looked at while it is read."""
    library: Any = sys.modules[type(response).__module__.partition(".")[0]]
    stream = response.stream

    class SyncStream(library.SyncByteStream):  # type: ignore[misc]  # chosen at run time
        def __iter__(self) -> Iterator[bytes]:
            return map(first_event.pass_by, stream)

        def close(self) -> None:
            stream.close()

    class AsyncStream(library.AsyncByteStream):  # type: ignore[misc]  # chosen at run time
        async def __aiter__(self) -> AsyncIterator[bytes]:
            async for piece in stream:
                yield first_event.pass_by(piece)

        async def aclose(self) -> None:
            await stream.aclose()

    return AsyncStream() if isinstance(stream, library.AsyncByteStream) else SyncStream()
