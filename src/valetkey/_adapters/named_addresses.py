# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Hearing which other addresses an MCP server names for itself, because the token goes there too.

It redirects within its origin, or tells an SSE session where to post (MCP 2024-11-05, HTTP with SSE): the first event
of the stream. The stream is read by its reader as it comes; what passes is looked at until that event, and not changed.
A server may compress it, whatever was asked for (RFC 9110 §12.5.3): then it is unpacked here, as its reader would do.
"""

import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from valetkey._adapters.credential import AnyResponse
    from valetkey._engine.engine import Engine

_LIBRARIES = ("httpx2", "httpx")
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
    first_event = _FirstEvent(engine, str(response.url))
    response.stream = _listening(response, first_event)


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
    """Give the stream of a response, unpacked, as one of its library that is looked at while it is read."""
    library = _library_of(response)
    codings = response.headers.pop("content-encoding", "").lower().replace("x-gzip", "gzip")  # RFC 9110 §8.4.1.3
    if codings:
        response.headers.pop("content-length", None)
    headers = {"content-encoding": codings} if codings else {}
    source = library.Response(200, headers=headers, stream=response.stream, request=response.request)

    class SyncStream(library.SyncByteStream):  # type: ignore[misc, name-defined]  # chosen at run time
        def __iter__(self) -> Iterator[bytes]:
            return map(first_event.pass_by, source.iter_bytes())

        def close(self) -> None:
            source.close()

    class AsyncStream(library.AsyncByteStream):  # type: ignore[misc, name-defined]  # chosen at run time
        async def __aiter__(self) -> AsyncIterator[bytes]:
            async with aclosing(source.aiter_bytes()) as pieces:
                async for piece in pieces:
                    yield first_event.pass_by(piece)

        async def aclose(self) -> None:
            await source.aclose()

    return AsyncStream() if isinstance(source.stream, library.AsyncByteStream) else SyncStream()


def _library_of(response: Any) -> ModuleType:
    """Give the library that a response is of; a transport of the caller may give one of a class of its own."""
    packages = [each.__module__.partition(".")[0] for each in type(response).__mro__]
    return next(sys.modules[each] for each in packages if each in _LIBRARIES)
