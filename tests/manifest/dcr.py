# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Dynamic client registration (RFC 7591)."""

from tests.manifest.requirement import Requirement
from tests.manifest.sources import authorization, registration, rfc

DCR = (
    Requirement(
        "DCR-1",
        "MAY",
        registration("dynamic-client-registration"),
        "Register with servers that let programs do so, though newer revisions prefer other ways.",
    ),
    Requirement(
        "DCR-2",
        "MUST",
        registration("application-type-and-redirect-uri-constraints"),
        "Say in the registration what kind of application asks.",
    ),
    Requirement("DCR-3", "MUST", rfc(7591, "3"), "Register by a POST of JSON over TLS."),
    Requirement("DCR-4", "MUST", rfc(7591, "2"), "Name the redirect addresses in the registration."),
    Requirement(
        "DCR-5",
        "SHOULD",
        authorization("refresh-tokens"),
        "Name the grants in the registration, the refresh token's among them.",
    ),
    Requirement(
        "DCR-6",
        "MUST (default trap)",
        rfc(7591, "2"),
        "Name the authentication method in the registration; left out, it would mean a secret.",
    ),
    Requirement(
        "DCR-7",
        "MUST",
        rfc(7591, "3.2.1"),
        "Use what the server registered instead of what was asked for, or stop if that is of no use.",
    ),
    Requirement("DCR-8", "MUST", rfc(7591, "3.2.1"), "Register again once a secret has expired."),
    Requirement("DCR-9", "MUST", rfc(7591, "3.2.2"), "Survive every way in which a registration can be refused."),
    Requirement(
        "DCR-10",
        "SHOULD",
        registration("application-type-and-redirect-uri-constraints"),
        "Tell the user why a registration was refused.",
    ),
    Requirement(
        "DCR-11",
        "MAY",
        registration("application-type-and-redirect-uri-constraints"),
        "Try again with another kind of application or redirect address, a bounded number of times.",
    ),
    Requirement(
        "DCR-12",
        "PRACTICE",
        "https://github.com/MoonshotAI/kimi-code/issues/2606",
        "Keep a registration for the next run, and register again when address or server no longer accept it.",
    ),
    Requirement(
        "DCR-13",
        "MAY",
        rfc(7591, "3"),
        "Send an initial access token to the registration endpoint and nowhere else.",
    ),
    Requirement(
        "DCR-14",
        "MAY",
        rfc(7592, "2"),
        "Read, change and delete a registration through its own address.",
        gap="A registration is left to expire: few servers offer to manage it, and a forgotten one heals by itself.",
    ),
    Requirement(
        "DCR-15", "MUST NOT (derived)", rfc(7591, "5"), "Put nothing into a registration that tells who the user is."
    ),
)
