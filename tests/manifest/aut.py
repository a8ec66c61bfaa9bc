# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The authorization request, PKCE and state."""

from tests.manifest.requirement import Requirement
from tests.manifest.sources import authorization, oauth21, practices, rfc, security

AUT = (
    Requirement("AUT-1", "MUST", oauth21("4.1.1"), "Let a person log in by the code flow and nothing else."),
    Requirement(
        "AUT-2",
        "MUST",
        security("authorization-code-protection"),
        "Use PKCE with every client, with or without a secret.",
    ),
    Requirement(
        "AUT-3", "MUST", security("authorization-code-protection"), "Send an S256 challenge made of the verifier."
    ),
    Requirement(
        "AUT-4", "MUST", rfc(7636, "4.1"), "Make a new random verifier of 43 to 128 characters for each login."
    ),
    Requirement("AUT-5", "MUST NOT", rfc(7636, "7.2"), "Never fall back to the plain method."),
    Requirement("AUT-6", "SHOULD", security("open-redirection"), "Send a state, and throw away answers without it."),
    Requirement("AUT-7", "MUST", oauth21("2.3.3"), "Leave no way to slip a stranger's answer into a login."),
    Requirement(
        "AUT-8",
        "MUST",
        authorization("authorization-response-validation"),
        "Write issuer, state, verifier and endpoints down before the browser opens.",
    ),
    Requirement("AUT-9", "MUST", oauth21("2.3.2"), "Send a redirect address, and exactly one that is registered."),
    Requirement("AUT-10", "MUST", security("communication-security"), "Have answers sent to https or loopback only."),
    Requirement(
        "AUT-11", "MUST", oauth21("3.1"), "Keep the endpoint's own query, repeat no parameter, and refuse a fragment."
    ),
    Requirement(
        "AUT-12",
        "MUST / MUST NOT",
        practices("oauth-authorization-url-validation"),
        "Open only https pages, or http on loopback.",
    ),
    Requirement(
        "AUT-13", "MUST NOT", practices("oauth-authorization-url-validation"), "Open the browser without a shell."
    ),
    Requirement(
        "AUT-14", "MUST", practices("oauth-authorization-url-validation"), "Refuse addresses that hide where they lead."
    ),
    Requirement("AUT-15", "MUST", oauth21("8.2"), "Use the person's own browser and no embedded one."),
    Requirement("AUT-16", "SHOULD NOT", oauth21("4.1.1"), "Put nothing into state or scope that is worth reading."),
    Requirement(
        "AUT-17",
        "PRACTICE",
        rfc(9728, "7.8"),
        "Tell who asks for a login and where it happens, and fail fast where nobody can do it.",
    ),
    Requirement(
        "AUT-18",
        "MAY",
        authorization("step-up-authorization-flow"),
        "Ask before a login interrupts the work, and remember a no.",
    ),
)
