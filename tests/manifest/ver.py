# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Servers of older revisions."""

from tests.manifest.requirement import Requirement
from tests.manifest.sources import specification

VER = (
    Requirement(
        "VER-1",
        "MUST (2025-03-26)",
        specification("basic/authorization#authorization-base-url", revision="2025-03-26"),
        "Look for metadata at the MCP server's origin when there is no resource metadata.",
    ),
    Requirement(
        "VER-2",
        "MUST (2025-03-26)",
        specification("basic/authorization#fallbacks-for-servers-without-metadata-discovery", revision="2025-03-26"),
        "Use the default endpoints of that revision only when there is no metadata at all.",
    ),
    Requirement(
        "VER-3",
        "SHOULD (2025-03-26)",
        specification("basic/authorization#server-metadata-discovery-headers", revision="2025-03-26"),
        "Send the protocol version when such metadata is fetched.",
    ),
    Requirement(
        "VER-4",
        "MUST (2025-03-26)",
        specification("basic/authorization#implementation-requirements", revision="2025-03-26"),
        "Use PKCE where no metadata could announce it.",
    ),
    Requirement(
        "VER-5",
        "MUST (2025-06-18)",
        specification("basic/authorization#authorization-server-discovery", revision="2025-06-18"),
        "Serve servers that announce their metadata in the challenge and offer RFC 8414 alone.",
    ),
    Requirement(
        "VER-6",
        "MUST (2025-06-18 on)",
        specification("basic/authorization#resource-parameter-implementation", revision="2025-06-18"),
        "Send the resource to servers of every revision.",
    ),
    Requirement(
        "VER-7",
        "MUST (2025-11-25 on)",
        specification("basic/authorization#authorization-server-metadata-discovery", revision="2025-11-25"),
        "Serve servers with OpenID metadata and metadata at the well-known addresses.",
    ),
    Requirement(
        "VER-8",
        "SHOULD (2025-11-25)",
        specification("basic/authorization#step-up-authorization-flow", revision="2025-11-25"),
        "Ask for no scope twice when a challenge repeats what was granted.",
    ),
    Requirement(
        "VER-9",
        "MUST",
        specification("basic/versioning#backward-compatibility-with-initialization-based-versions"),
        "Go by what a server shows and not by its protocol version.",
    ),
    Requirement(
        "VER-10",
        "MUST (legacy)",
        specification("basic/transports#session-management", revision="2025-11-25"),
        "Send the token on streams and goodbyes of older sessions, and tell a lost session from a lost token.",
    ),
    Requirement(
        "VER-11",
        "PRACTICE",
        specification("basic/transports", revision="2024-11-05"),
        "Send the token on an old event stream and its posts, and to no other origin.",
    ),
    Requirement(
        "VER-12",
        "SHOULD",
        specification("basic/transports/streamable-http#backward-compatibility"),
        "Learn a server's generation from its answers, but nothing from a 401 or 403.",
    ),
    Requirement(
        "VER-13",
        "SHOULD / MAY",
        specification("basic/versioning#backward-compatibility-with-initialization-based-versions"),
        "Remember a server's generation, and look again when it no longer fits.",
        gap="This is the MCP SDK's part: it asks a server for its generation, which no request of ours depends on.",
    ),
)
