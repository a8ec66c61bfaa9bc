# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a server sends, read so that none of it is without end and all of it can be sent back."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx2

from valetkey._adapters.failures import HttpError
from valetkey.settings.network import FIELD_VALUE

LONGEST = 67_108_864
"""Bytes of one message. The memory that one takes in the bridge is several times as much."""

_SHORTEST_WAIT, _LONGEST_WAIT = 100, 60_000
"""Milliseconds before a stream is asked for again, whatever the server says."""


class MessageTooLong(HttpError):
    """The server sends a message that is longer than any of use, or one without end."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a stream; `resumable` is its id if a header field may have it, `wait` in seconds."""

    kind: str
    data: str
    resumable: str
    wait: float | None


async def text_of(response: httpx2.Response) -> str:
    """Read a body."""
    parts: list[bytes] = []
    size = 0
    try:
        async for part in response.aiter_bytes():
            size += len(part)
            if size > LONGEST:
                raise _too_long(response)
            parts.append(part)
    except httpx2.DecodingError as error:
        raise _not_packed(response) from error
    return b"".join(parts).decode("utf-8-sig", "replace")  # .NET's StreamWriter begins with a byte order mark


async def events_in(response: httpx2.Response) -> AsyncIterator[Event]:
    """Read the events of a stream."""
    try:
        async for event in httpx2.EventSource(response, max_event_size=LONGEST):
            wait = None if event.retry is None else min(max(event.retry, _SHORTEST_WAIT), _LONGEST_WAIT) / 1000
            yield Event(event.event, event.data, event.id if FIELD_VALUE.fullmatch(event.id) else "", wait)
    except httpx2.DecodingError as error:
        raise _not_packed(response) from error
    except httpx2.SSEError as error:
        if not is_stream(response):
            raise
        raise _too_long(response) from error


def session_in(response: httpx2.Response, name: str) -> str | None:
    """Give the id of the MCP session that a response opens."""
    session: str | None = response.headers.get(name)
    if session and not FIELD_VALUE.fullmatch(session):
        message = "the MCP server gave an id of a session that no header field may have"
        raise HttpError(message, response)
    return session or None


def is_stream(response: httpx2.Response) -> bool:
    """Tell whether a response is a stream of events."""
    media_type: str = response.headers.get("content-type", "").partition(";")[0]
    return media_type.strip().lower() == "text/event-stream"


def _too_long(response: httpx2.Response) -> MessageTooLong:
    return MessageTooLong(f"the MCP server sent a message of more than {LONGEST >> 20} MiB", response)


def _not_packed(response: httpx2.Response) -> HttpError:
    return HttpError("the MCP server answered with what is not packed as its Content-Encoding says", response)
