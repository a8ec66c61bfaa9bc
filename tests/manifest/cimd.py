# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Client ID metadata documents."""

from tests.manifest.requirement import Requirement
from tests.manifest.sources import authorization, cimd, registration

CIMD = (
    Requirement(
        "CIMD-1",
        "SHOULD",
        authorization("overview"),
        "Be able to introduce oneself by the address of a metadata document.",
    ),
    Requirement(
        "CIMD-2",
        "SHOULD",
        registration("advertising-cimd-support"),
        "Do so only where the server says true to it, and go down the ladder otherwise.",
    ),
    Requirement(
        "CIMD-3",
        "MUST",
        cimd("3"),
        "Accept only https addresses with a path, without dot segments, fragment or user information.",
    ),
    Requirement(
        "CIMD-4", "MUST", cimd("4"), "Want the document to be served with 200, as JSON and without a redirect."
    ),
    Requirement(
        "CIMD-5", "MUST", cimd("4.1"), "Want the client_id in the document to be its address, letter for letter."
    ),
    Requirement(
        "CIMD-6",
        "MUST",
        registration("implementation-requirements"),
        "Want client_id, client_name and redirect_uris in the document.",
    ),
    Requirement(
        "CIMD-7", "MUST NOT", cimd("4.1"), "Refuse a document with a shared secret or a method that needs one."
    ),
    Requirement(
        "CIMD-8",
        "MAY",
        registration("implementation-requirements"),
        "Let a document with public keys go with assertions, in every token request.",
    ),
    Requirement(
        "CIMD-9",
        "SHOULD (derived)",
        authorization("refresh-tokens"),
        "Have refresh_token among the document's grant types.",
    ),
    Requirement(
        "CIMD-10",
        "PRACTICE",
        cimd("6.6"),
        "Keep the document small and stable, with loopback addresses in the forms that servers match.",
    ),
    Requirement(
        "CIMD-11",
        "MUST (derived)",
        cimd("3"),
        "Send the document's address as client_id everywhere, and register nothing.",
    ),
    Requirement(
        "CIMD-12",
        "PRACTICE",
        registration("advertising-cimd-support"),
        "Go on to registration or tell the user when the server does not take the document after all.",
    ),
)
