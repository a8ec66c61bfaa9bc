# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Redirects to native programs (RFC 8252)."""

from tests.manifest.requirement import Requirement
from tests.manifest.sources import PRACTICE, oauth21, practices, rfc

NAT = (
    Requirement(
        "NAT-1",
        "MUST (form)",
        oauth21("8.4.2"),
        "Listen at http on a loopback address with the port in use and a path.",
    ),
    Requirement(
        "NAT-2", "NOT RECOMMENDED", oauth21("8.4.2"), "Prefer the address to the name localhost, but allow the name."
    ),
    Requirement(
        "NAT-3", "MUST (AS) → use", oauth21("2.3.1"), "Use any free port, and a fixed one where a server insists."
    ),
    Requirement("NAT-4", "SHOULD NOT / RECOMMENDED", oauth21("8.4.2"), "Work with IPv4 and IPv6, whichever there is."),
    Requirement(
        "NAT-5",
        "should (lower case)",
        oauth21("8.5.4"),
        "Listen on loopback only, and only as long as the login takes.",
    ),
    Requirement(
        "NAT-6",
        "SHOULD",
        oauth21("8.4.1"),
        "Refuse redirect addresses of private schemes that no platform vouches for.",
    ),
    Requirement(
        "NAT-7",
        "MUST (derived)",
        oauth21("7.11"),
        "Answer the one path that was announced; whatever else knocks ends and tells nothing.",
    ),
    Requirement(
        "NAT-8",
        "PRACTICE",
        practices("local-mcp-server-compromise"),
        "Refuse requests that come under another host name.",
    ),
    Requirement("NAT-9", "PRACTICE", PRACTICE, "Let a person paste the address, and check it like any other answer."),
    Requirement(
        "NAT-10", "MUST", rfc(8252, "8.1"), "Use PKCE and no shared secret for a program that everybody can copy."
    ),
)
