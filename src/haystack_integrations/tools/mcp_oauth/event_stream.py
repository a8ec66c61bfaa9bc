# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Putting events into a stream of server-sent events.

Over SSE the answer to a POST comes in on the GET stream. So an answer that is given in the server's place must come in
there too, between two events of the server.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from types import ModuleType
from typing import Any

_ENDS_OF_EVENT = (b"\n\n", b"\r\r", b"\r\n\r\n")
_LONGEST_END = 4


class EventStream:
    """The GET stream of one SSE session. Used in one event loop only."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue()

    def deliver(self, answer: dict[str, Any]) -> None:
        """Put a JSON-RPC answer into the stream."""
        self._waiting.put_nowait(f"event: message\ndata: {json.dumps(answer)}\n\n".encode())

    def wrap(self, library: ModuleType, response: Any) -> Any:
        """
        Give a response whose stream also has what `deliver` puts in.

        :param response: The server's response, unread and not compressed.
        """
        merged = self._merged

        class Stream(library.AsyncByteStream):  # type: ignore[misc, name-defined]  # chosen at run time
            def __aiter__(self) -> AsyncIterator[bytes]:
                return merged(aiter(response.stream))

            async def aclose(self) -> None:
                await response.aclose()

        return library.Response(
            response.status_code, headers=response.headers, stream=Stream(), request=response.request
        )

    async def _merged(self, source: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Merge both sources in the order of arrival; an answer of ours waits for the end of the server's event."""
        ours: list[bytes] = []
        tail = _ENDS_OF_EVENT[0]
        reading, waiting = _next(source), asyncio.ensure_future(self._waiting.get())
        try:
            while True:
                done, _ = await asyncio.wait({reading, waiting}, return_when=asyncio.FIRST_COMPLETED)
                if waiting in done:
                    ours.append(waiting.result())
                    waiting = asyncio.ensure_future(self._waiting.get())
                if reading in done:
                    try:
                        chunk = reading.result()
                    except StopAsyncIteration:
                        return
                    reading = _next(source)
                    tail = (tail + chunk)[-_LONGEST_END:]
                    yield chunk
                while ours and tail.endswith(_ENDS_OF_EVENT):
                    yield ours.pop(0)
        finally:
            for task in (reading, waiting):
                task.cancel()
                with suppress(BaseException):
                    await task


def _next(source: AsyncIterator[bytes]) -> "asyncio.Task[bytes]":
    async def advance() -> bytes:
        return await anext(source)

    return asyncio.ensure_future(advance())
