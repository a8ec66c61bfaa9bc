# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The header fields that MCP 2026-07-28 wants with a message over HTTP, and that stdio has not.

There, each message says in `_meta` which revision it speaks; a server compares the fields with the message (MCP
2026-07-28, Transports, Streamable HTTP).
"""

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any

from valetkey._cli.bridge.messages import Message

VERSION = "MCP-Protocol-Version"
_VERSION_IN_META = "io.modelcontextprotocol/protocolVersion"
_NAMES = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_ANNOTATION = "x-mcp-header"
TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 §5.6.2
_PLAIN = re.compile(r"[\x20-\x7e]*")
_ENCODED = re.compile(r"=\?base64\?.*\?=")

HeadersOfTools = dict[str, dict[tuple[str, ...], str]]
"""For each tool the arguments that go into a header field too: the path to each, and the name of its field."""


def revision_in(message: Message) -> str | None:
    """Give the revision that a message says it speaks; None for those before 2026-07-28, which do not say it."""
    meta = message.params.get("_meta")
    revision = meta.get(_VERSION_IN_META) if isinstance(meta, dict) else None
    return revision if isinstance(revision, str) and TOKEN.fullmatch(revision) else None


def fields_of(message: Message, tools: HeadersOfTools) -> dict[str, str]:
    """Give the fields for a message that says which revision it speaks; none for another one."""
    revision = revision_in(message)
    if revision is None or message.method is None:
        return {}
    fields = {VERSION: revision, "Mcp-Method": encode(message.method)}
    name = message.params.get(_NAMES[message.method]) if message.method in _NAMES else None
    if isinstance(name, str):
        fields["Mcp-Name"] = encode(name)
    if isinstance(name, str) and message.method == "tools/call":
        arguments = message.params.get("arguments")
        fields.update(_fields_of_arguments(tools.get(name, {}), arguments if isinstance(arguments, dict) else {}))
    return fields


def headers_of_tools(listed: Mapping[str, Any]) -> HeadersOfTools:
    """Read in a list of tools which arguments go into header fields."""
    tools = listed.get("tools")
    found: HeadersOfTools = {}
    for tool in tools if isinstance(tools, list) else []:
        if isinstance(tool, dict) and isinstance(tool.get("name"), str):
            found[tool["name"]] = dict(_annotations(tool.get("inputSchema"), ()))
    return found


def encode(value: str) -> str:
    """Write a value so that it survives as a header field."""
    if _PLAIN.fullmatch(value) and value == value.strip() and not _ENCODED.fullmatch(value):
        return value
    return f"=?base64?{base64.b64encode(value.encode('utf-8', 'surrogatepass')).decode()}?="


def _annotations(schema: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    properties = schema.get("properties") if isinstance(schema, dict) and len(path) < 20 else None
    for name, inner in properties.items() if isinstance(properties, dict) else ():
        field = inner.get(_ANNOTATION) if isinstance(inner, dict) else None
        if isinstance(field, str) and TOKEN.fullmatch(field):
            yield (*path, name), field
        yield from _annotations(inner, (*path, name))


def _fields_of_arguments(headers: dict[tuple[str, ...], str], arguments: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for path, name in headers.items():
        value: Any = arguments
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        if isinstance(value, bool):
            yield f"Mcp-Param-{name}", "true" if value else "false"
        elif isinstance(value, str | int | float):
            yield f"Mcp-Param-{name}", encode(str(value))
