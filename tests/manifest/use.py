# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Using the access token."""

from tests.manifest.requirement import Requirement
from tests.manifest.sources import PRACTICE, authorization, oauth21, specification

USE = (
    Requirement(
        "USE-1", "MUST", authorization("token-requirements"), "Send the token as Bearer in the Authorization field."
    ),
    Requirement(
        "USE-2",
        "MUST",
        authorization("token-requirements"),
        "Send it with every request to the MCP server, streams and goodbyes included.",
    ),
    Requirement(
        "USE-3",
        "MUST NOT",
        authorization("token-requirements"),
        "Never send it in an address, nor twice in one request.",
    ),
    Requirement(
        "USE-4",
        "MUST NOT",
        authorization("token-handling"),
        "Send an MCP server only tokens from its own authorization server.",
    ),
    Requirement("USE-5", "MUST", oauth21("7.1.3.2"), "Send tokens over verified TLS, or to loopback."),
    Requirement("USE-6", "MUST", oauth21("7.1.3.1"), "Let no token follow a redirect to another origin."),
    Requirement(
        "USE-7", "MUST NOT (derived)", oauth21("7.1.3.1"), "Show tokens neither to models and tools nor in logs."
    ),
    Requirement("USE-8", "MAY", oauth21("5.3.2"), "Renew a rejected token, and repeat the request once."),
    Requirement("USE-9", "PRACTICE", PRACTICE, "Renew a token a little before it ends, and still expect rejections."),
    Requirement(
        "USE-10",
        "MUST (derived)",
        specification("basic/transports/streamable-http#receiving-messages"),
        "Repeat a call only if it was turned away before it began, and as a new request.",
    ),
)
