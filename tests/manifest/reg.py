# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which client we are at which server."""

from tests.manifest.requirement import Requirement
from tests.manifest.sources import authorization, registration, security

REG = (
    Requirement(
        "REG-1",
        "SHOULD",
        registration(""),
        "Prefer a client registered by hand, then a metadata document, then registration, then ask the user.",
    ),
    Requirement(
        "REG-2", "SHOULD", registration("pre-registration"), "Let the user give a client that was registered by hand."
    ),
    Requirement(
        "REG-3",
        "MUST",
        registration("authorization-server-binding"),
        "Keep every client under the issuer it belongs to.",
    ),
    Requirement(
        "REG-4",
        "MUST NOT / MUST",
        registration("authorization-server-binding"),
        "Show a new authorization server no client of the old one; register there anew.",
    ),
    Requirement(
        "REG-5",
        "SHOULD",
        registration("authorization-server-binding"),
        "Say so when a client given by hand belongs to another issuer than the server now names.",
    ),
    Requirement(
        "REG-6",
        "MAY (no action)",
        registration("authorization-server-binding"),
        "Keep the same metadata document when the issuer changes.",
    ),
    Requirement(
        "REG-7",
        "MUST (derived)",
        authorization("token-handling"),
        "Show a new authorization server no token of the old one, and stop using that token.",
    ),
    Requirement(
        "REG-8",
        "MUST",
        security("open-redirection"),
        "Log in only with redirect addresses that the server was told about.",
    ),
)
