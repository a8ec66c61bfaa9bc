# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Choosing the authorization server, and its metadata."""

from tests.manifest.requirement import Requirement
from tests.manifest.sources import discovery, rfc, security

ASM = (
    Requirement(
        "ASM-1",
        "MUST",
        discovery("authorization-server-location"),
        "Choose among the listed authorization servers by a fixed rule, and treat each as one of its own.",
    ),
    Requirement(
        "ASM-2",
        "MUST",
        discovery("authorization-server-location"),
        "Keep registrations and tokens apart for each authorization server.",
    ),
    Requirement(
        "ASM-3",
        "MUST",
        discovery("authorization-server-metadata-discovery"),
        "For an issuer with a path, try both documents with the path behind, then OpenID's below the path.",
    ),
    Requirement(
        "ASM-4",
        "MUST",
        discovery("authorization-server-metadata-discovery"),
        "For an issuer without a path, try RFC 8414's document, then OpenID's.",
    ),
    Requirement(
        "ASM-5",
        "MUST NOT (as tested)",
        discovery("authorization-server-metadata-discovery"),
        "Never read a host's root documents for an issuer that has a path.",
    ),
    Requirement(
        "ASM-6", "MUST", rfc(8414, "3.1"), "Drop the issuer's last slash to build an address, and never to compare."
    ),
    Requirement(
        "ASM-7",
        "MUST",
        rfc(8414, "3.2"),
        "Accept 200 with a JSON object and nothing else; any other answer makes room for the next address.",
    ),
    Requirement(
        "ASM-8",
        "MUST / MUST NOT",
        discovery("authorization-server-metadata-discovery"),
        "Use a document only if it names exactly the issuer that was asked for.",
    ),
    Requirement("ASM-9", "MUST", rfc(8414, "4"), "Keep an issuer as the text it came as; no URL type may touch it."),
    Requirement(
        "ASM-10", "MUST (grammar)", rfc(8414, "2"), "Refuse an issuer that is not https or has a query or a fragment."
    ),
    Requirement(
        "ASM-11",
        "MUST",
        rfc(8414, "2"),
        "Skip members nobody knows, and take the defaults of RFC 8414 for those that are missing.",
    ),
    Requirement(
        "ASM-12",
        "MUST",
        security("authorization-code-protection"),
        "Refuse to log in where the metadata says nothing about PKCE.",
    ),
    Requirement(
        "ASM-13",
        "MUST (derived)",
        security("authorization-code-protection"),
        "Refuse to log in where PKCE is offered without S256.",
    ),
    Requirement(
        "ASM-14",
        "MUST",
        security("communication-security"),
        "Refuse endpoints that are neither https nor on loopback, before anything is sent there.",
    ),
    Requirement(
        "ASM-15",
        "MAY",
        rfc(8414, "2"),
        "Accept endpoints on other hosts than the issuer's once its document is proven.",
    ),
    Requirement(
        "ASM-16",
        "MUST (derived)",
        discovery("authorization-server-metadata-discovery"),
        "Give up when resource metadata names a server that publishes nothing; do not guess its endpoints.",
    ),
    Requirement(
        "ASM-17",
        "MAY",
        rfc(9126, "5"),
        "Push the authorization request where the server insists on it, or say clearly that this cannot be done.",
    ),
)
