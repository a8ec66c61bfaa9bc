# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The JSON-RPC messages of an MCP transport, as they stand in the requests and responses of either HTTP library."""

import json
from typing import Any

CODE = -32010
"""The JSON-RPC code of an answer in the server's place. MCP leaves -32000 to -32019 to implementations, and the SDK has
taken -32000 and -32001 for its own."""

LONGEST_ERROR = 1_048_576
"""Bytes of an HTTP error that are read to find a JSON-RPC error in it."""


def message_in(request: Any) -> dict[str, Any] | None:
    """Read the JSON-RPC message of a POST whose body has been read; the SDK sends each in a request of its own."""
    if request.method != "POST":
        return None
    try:
        message = json.loads(request.content)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def expects_answer(message: dict[str, Any]) -> bool:
    """Tell a request from a notification and from an answer."""
    return "id" in message and "method" in message


def answer_to(message: dict[str, Any], text: str, data: dict[str, Any]) -> dict[str, Any]:
    """Build the answer to a request that was not delivered."""
    return {"jsonrpc": "2.0", "id": message["id"], "error": {"code": CODE, "message": text, "data": data}}


async def error_in(response: Any) -> dict[str, Any] | None:
    """Read the JSON-RPC error that a server may send with an HTTP error (MCP Transports, Sending Messages)."""
    if not response.headers.get("content-type", "").lower().startswith("application/json"):
        return None
    try:
        document = json.loads(await _read(response))
    except (ValueError, RecursionError):
        return None
    return error_of(document)


def error_of(document: object) -> dict[str, Any] | None:
    """Give the error in a JSON-RPC message, if it is one."""
    error = document.get("error") if isinstance(document, dict) else None
    return error if isinstance(error, dict) and {"code", "message"} <= error.keys() else None


async def _read(response: Any) -> bytes:
    """
    Read a short body as it was sent, and unpack it here: both libraries would unpack a kilobyte to a gigabyte.

    A `ValueError` if it is too large, or not packed as it says.
    """
    if response.is_closed:  # a hook of the program has read it
        read: bytes = response.content
        return read
    body = b""
    async for part in response.aiter_raw():
        body += part
        if len(body) > LONGEST_ERROR:
            message = "the body is too large"
            raise ValueError(message)
    import zlib  # these two are loaded for the rare case

    from valetkey._network.unpacking import TooLarge, unpack

    try:
        return unpack(body, response.headers.get("content-encoding", ""), LONGEST_ERROR)
    except (TooLarge, zlib.error) as error:
        message = "the body is not packed as it says, or too large"
        raise ValueError(message) from error
