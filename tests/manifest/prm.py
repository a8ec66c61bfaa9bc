# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Protected resource metadata (RFC 9728)."""

from tests.manifest.requirement import Requirement
from tests.manifest.sources import PRACTICE, authorization, discovery, oauth21, rfc

PRM = (
    Requirement(
        "PRM-1",
        "MUST",
        discovery("protected-resource-metadata-discovery-requirements"),
        "Fetch the metadata from the address in the challenge, and probe no other while that one answers.",
    ),
    Requirement(
        "PRM-2",
        "MUST",
        discovery("protected-resource-metadata-discovery-requirements"),
        "Find the metadata by the challenge and by the well-known addresses.",
    ),
    Requirement(
        "PRM-3",
        "MUST",
        discovery("protected-resource-metadata-discovery-requirements"),
        "Ask the well-known address of the path first, then that of the host's root.",
    ),
    Requirement(
        "PRM-4",
        "MUST",
        rfc(9728, "3"),
        "Put the well-known string between host and path, keep port and query, and ask each address once.",
    ),
    Requirement(
        "PRM-5",
        "MUST",
        rfc(9728, "3.1"),
        "Accept 200 with a JSON object and nothing else; any other answer makes room for the next address.",
    ),
    Requirement(
        "PRM-6",
        "MUST",
        rfc(9728, "3.3"),
        "Use a document from a well-known address only if it names the resource of that address.",
    ),
    Requirement(
        "PRM-7",
        "MUST",
        rfc(9728, "3.3"),
        "Use a document from the challenge's address only if it names the server that was called.",
    ),
    Requirement(
        "PRM-8", "MUST", rfc(9728, "6"), "Compare decoded strings character by character, and normalise nothing."
    ),
    Requirement(
        "PRM-9",
        "SHOULD",
        authorization("canonical-server-uri"),
        "Take scheme and host in capitals for the same server.",
    ),
    Requirement(
        "PRM-10",
        "PRACTICE",
        "https://github.com/google-gemini/gemini-cli/pull/25511",
        "If an ancestor of the server's address is accepted as its resource, keep to its origin and to whole segments.",
    ),
    Requirement(
        "PRM-11",
        "MUST (server) → check",
        discovery("authorization-server-location"),
        "TokenNeed at least one authorization server in the document, or say that there is none.",
    ),
    Requirement(
        "PRM-12",
        "MUST (array part derived)",
        rfc(9728, "3.2"),
        "Skip members nobody knows, and read an empty list as no list.",
    ),
    Requirement(
        "PRM-13", "MAY", rfc(9728, "2.2"), "Do not trust signed metadata that was not verified; ignoring it is allowed."
    ),
    Requirement("PRM-14", "MUST", rfc(9728, "7.3"), "Check certificates when metadata is fetched."),
    Requirement("PRM-15", "SHOULD", rfc(9728, "7.7"), "Keep metadata requests away from internal addresses."),
    Requirement(
        "PRM-16",
        "should (lower case)",
        rfc(9728, "4"),
        "Check that resource and authorization server name each other, where both list the other.",
    ),
    Requirement(
        "PRM-17",
        "MAY",
        rfc(9728, "7.10"),
        "Cache metadata as HTTP allows, and drop it when a new challenge comes.",
        gap="Metadata is not cached: it is asked for when a login begins, and its result is kept with the session.",
    ),
    Requirement(
        "PRM-18", "MUST (derived)", oauth21("7.1.3.1"), "Send no token, cookie or secret when metadata is fetched."
    ),
    Requirement(
        "PRM-19",
        "PRACTICE",
        PRACTICE,
        "Go on to the well-known addresses when the announced one has nothing, but not when it has the wrong thing.",
    ),
    Requirement(
        "PRM-20",
        "MUST (derived)",
        rfc(9728, "2"),
        "Stop before the login when the server wants tokens sent or bound in a way we cannot.",
    ),
)
