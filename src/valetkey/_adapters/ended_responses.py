# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Successful responses in which there is no answer: SDK 1.x waits for one for ever, SDK 2 only for some.

A server that stops while it executes a call, and a gateway that gives it up, end the response without an answer.
"""

import json
import re
from collections.abc import AsyncIterator, Callable
from types import ModuleType
from typing import Any

from valetkey._adapters.failures import HttpError, unanswered
from valetkey._adapters.messages import error_of

_END_OF_LINE = re.compile(rb"\r\n|\r|\n")
_LONGEST_BEGINNING = 64
"""Bytes of a line that is not complete yet, to see which field of an event it is."""


async def no_answer_in(response: Any, message: dict[str, Any]) -> HttpError | None:
    """Tell whether a JSON response to a request holds no answer to it. A broken connection is raised as it is."""
    if not _media_type(response).startswith("application/json"):
        return None
    await response.aread()
    try:
        document = json.loads(response.content)
    except (ValueError, RecursionError):
        return HttpError("the MCP server answered with what is no JSON", response)
    is_answer = isinstance(document, dict) and not {"result", "error"}.isdisjoint(document)
    if is_answer and str(document.get("id")) == str(message["id"]):
        return None
    if is_answer and document.get("id") is None and error_of(document) is not None:  # JSON-RPC 2.0 §5
        return HttpError("the MCP server could not read the request", response)
    return HttpError("the MCP server answered with JSON that is no answer to the request", response)


def ending_with_an_answer(library: ModuleType, response: Any, answer: Callable[[Exception], dict[str, Any]]) -> Any:
    """
    Give a response with events an end that is an answer, for a server that ends it without one.

    The SDK reads no further than the answer of the server, and where the events have ids it asks for the missing ones.
    """
    if not _media_type(response).startswith("text/event-stream"):
        return response
    codings = response.headers.pop("Content-Encoding", "")
    response.headers.pop("Content-Length", None)
    headers = {"Content-Encoding": codings} if codings else {}
    source = library.Response(200, headers=headers, stream=response.stream, request=response.request)

    async def chunks() -> AsyncIterator[bytes]:
        ids, cause = _Ids(), library.RemoteProtocolError("the response has ended without an answer")
        try:
            async for chunk in source.aiter_bytes():
                ids.read(chunk)
                yield chunk
        except library.RequestError as error:
            cause = error
        if not ids.were_there:
            lost = answer(unanswered(response.request, cause))
            yield f"\n\nevent: message\ndata: {json.dumps(lost)}\n\n".encode()

    class Stream(library.AsyncByteStream):  # type: ignore[misc, name-defined]  # chosen at run time
        def __aiter__(self) -> AsyncIterator[bytes]:
            return chunks()

        async def aclose(self) -> None:
            await source.aclose()

    response.stream = Stream()
    return response


class _Ids:
    """Looks whether the events of a stream have ids."""

    def __init__(self) -> None:
        self.were_there = False
        self._line = b""

    def read(self, chunk: bytes) -> None:
        *lines, last = _END_OF_LINE.split(self._line + chunk)
        self._line = last[:_LONGEST_BEGINNING]
        self.were_there = self.were_there or any(line.startswith(b"id:") and line[3:].strip() for line in lines)


def _media_type(response: Any) -> str:
    media_type: str = response.headers.get("content-type", "")
    return media_type.strip().lower()
