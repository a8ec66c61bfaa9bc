# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The extension for client credentials."""

from tests.manifest.requirement import Requirement
from tests.manifest.sources import extension, oauth21

CC = (
    Requirement(
        "CC-1",
        "MUST",
        "https://modelcontextprotocol.io/extensions/auth/oauth-client-credentials",
        "Use it only where it is configured, and tell the server so in every request.",
    ),
    Requirement(
        "CC-2",
        "MUST",
        extension("draft/oauth-client-credentials.mdx"),
        "Discover, check and bind as in any other login.",
    ),
    Requirement(
        "CC-3",
        "MUST",
        extension("draft/oauth-client-credentials.mdx"),
        "Use a client registered by hand, and register nothing.",
    ),
    Requirement(
        "CC-4",
        "MUST",
        extension("draft/oauth-client-credentials.mdx"),
        "Prove the machine by an assertion or a secret, by exactly one of them.",
    ),
    Requirement(
        "CC-5",
        "MUST",
        extension("draft/oauth-client-credentials.mdx"),
        "Send the resource, and the scope that the usual order gives.",
    ),
    Requirement(
        "CC-6",
        "MUST (as tested)",
        extension("draft/oauth-client-credentials.mdx"),
        "Use Basic where Basic is all that is offered.",
    ),
    Requirement("CC-7", "MUST", oauth21("4.2"), "Refuse the grant to a client that cannot prove itself."),
    Requirement(
        "CC-8",
        "SHOULD (derived)",
        "https://modelcontextprotocol.io/extensions/auth/oauth-client-credentials",
        "Expect no refresh token, and get a new token before the old one ends.",
    ),
    Requirement(
        "CC-9",
        "SHOULD (docs)",
        "https://modelcontextprotocol.io/extensions/auth/oauth-client-credentials",
        "Let a configuration refer to a secret instead of holding it.",
    ),
)
