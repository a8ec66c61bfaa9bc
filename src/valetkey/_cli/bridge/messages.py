# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
JSON-RPC messages as the bridge sees them.

It passes on the text of a message, and reads in it no more than it must know: so a message of a later revision of MCP
passes as it came.
"""

import json
import math
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any

REPEATABLE = frozenset(
    {
        *("ping", "server/discover", "completion/complete", "logging/setLevel"),
        *("tools/list", "prompts/list", "prompts/get"),
        *("resources/list", "resources/templates/list", "resources/read"),
        *("resources/subscribe", "resources/unsubscribe"),
    }
)
"""The requests that change nothing when a server executes them twice."""

_LINE_BREAKS = str.maketrans("\r\n", "  ")


class Unreadable(ValueError):
    """A text is no JSON-RPC message."""


@dataclass(frozen=True, slots=True)
class Message:
    """What the bridge reads in one message; `key` is its id as a key of a mapping, where 1 is not "1"."""

    method: str | None
    key: str | None
    content: dict[str, Any] = field(repr=False)

    @property
    def is_request(self) -> bool:
        """Tell a request from a notification and from an answer."""
        return self.method is not None and self.key is not None

    @property
    def is_answer(self) -> bool:
        """Tell an answer to a request from all else."""
        return self.method is None

    @property
    def params(self) -> dict[str, Any]:
        """The parameters by name; none where there are none, or none with names."""
        params = self.content.get("params")
        return params if isinstance(params, dict) else {}

    @property
    def result(self) -> dict[str, Any] | None:
        """The result of an answer that is no error."""
        result = self.content.get("result")
        return result if isinstance(result, dict) else None


@dataclass(frozen=True, slots=True)
class Parcel:
    """A text that is sent as one: a message, or a batch of them (MCP 2025-03-26)."""

    text: str = field(repr=False)
    messages: tuple[Message, ...]

    @property
    def requests(self) -> dict[str, Message]:
        """The requests in it, by their keys."""
        return {each.key: each for each in self.messages if each.method is not None and each.key is not None}

    @property
    def method(self) -> str | None:
        """The method, if it is a message alone."""
        return self.messages[0].method if len(self.messages) == 1 else None

    @property
    def is_repeatable(self) -> bool:
        """Tell whether a server may execute it twice."""
        return all(each.method in REPEATABLE for each in self.messages)


def read(text: str) -> Parcel:
    """Read a text of either side; its line breaks, which JSON has between values only, become spaces."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = "no JSON"
        raise Unreadable(message) from error
    contents = content if isinstance(content, list) else [content]
    if not contents or not all(isinstance(each, dict) and _is_id(each.get("id")) for each in contents):
        message = "JSON, but no JSON-RPC message"
        raise Unreadable(message)
    return Parcel(text.strip().translate(_LINE_BREAKS), tuple(map(_message, contents)))


def compose(**members: Any) -> Parcel:
    """Write a message of the bridge's own."""
    content = {"jsonrpc": "2.0", **members}
    return Parcel(json.dumps(content), (_message(content),))


def key_of(request_id: object) -> str:
    """Give an id as a key; 1.0 is the number 1, as which JavaScript would write it again."""
    if isinstance(request_id, float) and request_id.is_integer():
        return json.dumps(int(request_id))
    return json.dumps(request_id)


def asked_as(key: str | None, waiting: Container[str]) -> str | None:
    """
    Give the key under which the request waits that an answer is meant for.

    Some servers write the id 1 as "1", and the SDKs' clients understand it.
    """
    if key is None or key in waiting:
        return key
    other = key[1:-1] if key.startswith('"') else f'"{key}"'
    return other if other in waiting else key


def _is_id(value: object) -> bool:
    """Python reads what is no number of JSON, and would write it again."""
    return not isinstance(value, float) or math.isfinite(value)


def _message(content: dict[str, Any]) -> Message:
    method = content.get("method")
    return Message(
        method if isinstance(method, str) else None, key_of(content["id"]) if "id" in content else None, content
    )
