# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The resource indicator (RFC 8707)."""

from tests.manifest.requirement import Requirement
from tests.manifest.sources import authorization, rfc

RES = (
    Requirement(
        "RES-1",
        "MUST",
        authorization("resource-parameter-implementation"),
        "Send the same resource with the login and with every token request.",
    ),
    Requirement(
        "RES-2", "MUST", authorization("canonical-server-uri"), "Send it to servers that do not announce it too."
    ),
    Requirement(
        "RES-3",
        "MUST",
        authorization("canonical-server-uri"),
        "Name the MCP server by an absolute URI without a fragment.",
    ),
    Requirement(
        "RES-4", "SHOULD", authorization("canonical-server-uri"), "Name it as exactly as it takes, path included."
    ),
    Requirement(
        "RES-5", "SHOULD", authorization("canonical-server-uri"), "Write no slash behind a host that has no path."
    ),
    Requirement(
        "RES-6",
        "SHOULD",
        authorization("canonical-server-uri"),
        "Write scheme and host in small letters, and keep path and port.",
    ),
    Requirement(
        "RES-7",
        "PRACTICE",
        authorization("canonical-server-uri"),
        "Send the resource as proven metadata spells it, and derive it only without.",
    ),
    Requirement(
        "RES-8",
        "MUST (derived)",
        authorization("resource-parameter-implementation"),
        "Send it once in a request, encoded once.",
    ),
    Requirement("RES-9", "MUST", rfc(8707, "2"), "Report a refused resource, and do not quietly try without."),
    Requirement(
        "RES-10",
        "MUST NOT",
        authorization("token-handling"),
        "Use a token at the MCP server it was obtained for and at no other.",
    ),
)
