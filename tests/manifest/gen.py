# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What applies, and who we are."""

from tests.manifest.requirement import Requirement
from tests.manifest.sources import authorization, oauth21, security

GEN = (
    Requirement(
        "GEN-1",
        "SHOULD",
        authorization("protocol-requirements"),
        "Log in as MCP prescribes, and leave a server that wants no login as it is.",
    ),
    Requirement(
        "GEN-2",
        "SHOULD NOT",
        authorization("protocol-requirements"),
        "Leave servers on standard input and output alone: their credentials are in their environment.",
    ),
    Requirement(
        "GEN-3",
        "MUST",
        security(""),
        "Be an OAuth 2.1 client to the authorization server, and a caller with a bearer token to the MCP server.",
    ),
    Requirement(
        "GEN-4",
        "MUST",
        authorization("overview"),
        "Learn from the resource metadata where the authorization server is; do not guess.",
    ),
    Requirement(
        "GEN-5", "MUST", authorization("overview"), "Read metadata of RFC 8414 as well as that of OpenID Connect."
    ),
    Requirement("GEN-6", "MUST", authorization("client-registration"), "Have a client id before a login starts."),
    Requirement("GEN-7", "MUST", oauth21("7.11"), "Believe nothing that comes from outside before it is checked."),
)
