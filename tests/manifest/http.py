# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Other rules of 2026-07-28 for a client over HTTP."""

from tests.manifest.requirement import Requirement
from tests.manifest.sources import specification

HTTP = (
    Requirement(
        "HTTP-1",
        "MUST",
        specification("basic/transports/streamable-http#sending-messages"),
        "Send each message in a POST of its own, and take JSON and event streams.",
        gap="This is the MCP SDK's part: it writes and reads the messages.",
    ),
    Requirement(
        "HTTP-2",
        "MUST",
        specification("basic/transports/streamable-http#protocol-version-header"),
        "Name the protocol version in every POST, and the capabilities in every request.",
        gap="This is the MCP SDK's part: it writes the messages and their header fields.",
    ),
    Requirement(
        "HTTP-3",
        "MUST",
        specification("basic/transports/streamable-http#standard-request-headers"),
        "Name method and subject of a request in header fields.",
        gap="This is the MCP SDK's part: it writes the header fields of its messages.",
    ),
    Requirement(
        "HTTP-4",
        "MUST",
        specification("basic/transports/streamable-http#custom-headers-from-tool-parameters"),
        "Mirror marked parameters in header fields, and drop tools marked wrongly.",
        gap="This is the MCP SDK's part: it reads the tools and writes the calls.",
    ),
    Requirement(
        "HTTP-5",
        "SHOULD",
        specification("basic/versioning#protocol-version-negotiation"),
        "Choose another protocol version when the server offers one.",
        gap="This is the MCP SDK's part: it negotiates the version.",
    ),
    Requirement(
        "HTTP-6",
        "MUST",
        specification("changelog"),
        "Begin anew after a broken stream, with a new id.",
        gap="This is the MCP SDK's part: it opens and repeats the streams.",
    ),
    Requirement(
        "HTTP-7",
        "MUST",
        specification("basic/patterns/mrtr"),
        "Repeat a request with the input it asked for.",
        gap="This is the MCP SDK's part: it repeats the request, and the token is put on each request anyway.",
    ),
    Requirement(
        "HTTP-8",
        "MUST",
        specification("basic/index"),
        "Take a result without a type for complete, and one of an unknown type for invalid.",
        gap="This is the MCP SDK's part: it reads the results.",
    ),
    Requirement(
        "HTTP-9",
        "MUST",
        specification("basic/transports/streamable-http#cancellation"),
        "Cancel by closing the stream.",
        gap="This is the MCP SDK's part: it owns the stream.",
    ),
    Requirement(
        "HTTP-10",
        "MUST NOT",
        specification("basic/index#json-schema-usage"),
        "Fetch no schema that a tool refers to.",
        gap="This is the MCP SDK's part: it reads the schemas.",
    ),
)
