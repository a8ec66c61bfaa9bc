# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The token request, client authentication and the token response."""

from tests.manifest.requirement import Requirement
from tests.manifest.sources import oauth21, rfc

TOK = (
    Requirement(
        "TOK-1",
        "MUST",
        oauth21("3.2"),
        "Ask for tokens by a form in a POST body, each field once, none in the address.",
    ),
    Requirement(
        "TOK-2",
        "MUST",
        oauth21("4.1.3"),
        "Send grant, code, verifier and resource with the code, and the client_id when nothing else proves it.",
    ),
    Requirement(
        "TOK-3",
        "PRACTICE",
        oauth21("10.2"),
        "Repeat the redirect address when the code is exchanged, for servers of OAuth 2.0.",
    ),
    Requirement(
        "TOK-4",
        "MUST",
        oauth21("2.4"),
        "Authenticate by the registered method, else by an offered one, and by one only.",
    ),
    Requirement(
        "TOK-5", "MUST", rfc(6749, "2.3.1"), "Encode id and secret as form values before they become Basic credentials."
    ),
    Requirement("TOK-6", "MUST NOT", oauth21("2.4.1"), "Put a posted secret into the body and never into the address."),
    Requirement(
        "TOK-7",
        "MUST",
        rfc(7523, "2.2"),
        "Send assertions with issuer, subject, audience, a short life and an id of their own.",
    ),
    Requirement(
        "TOK-8",
        "MUST (newer drafts)",
        "https://datatracker.ietf.org/doc/draft-ietf-oauth-rfc7523bis/",
        "Make the issuer the only audience of an assertion, unless told otherwise.",
    ),
    Requirement(
        "TOK-9", "MUST", rfc(8414, "2"), "Sign assertions with an offered algorithm, never with none, and name the key."
    ),
    Requirement(
        "TOK-10",
        "MUST",
        oauth21("1.5"),
        "Check the token endpoint's certificate, and carry nothing to where it redirects.",
    ),
    Requirement("TOK-11", "MUST", oauth21("3.2.3"), "TokenNeed a token and a type that is known, in whatever case."),
    Requirement(
        "TOK-12", "MUST", oauth21("3.2.3"), "Skip members nobody knows, and take a token's lifetime for a hint."
    ),
    Requirement("TOK-13", "MUST NOT", oauth21("1.4"), "Leave the inside of tokens alone."),
    Requirement("TOK-14", "MUST", oauth21("3.2.4"), "Read errors as JSON, and survive whatever else comes."),
    Requirement(
        "TOK-15", "MUST (derived)", rfc(8414, "2"), "Authenticate at other endpoints by the methods listed for them."
    ),
    Requirement("TOK-16", "SHOULD", oauth21("2.4"), "Prefer a key to a secret where a client has both."),
    Requirement(
        "TOK-17", "MUST NOT (derived)", oauth21("8.1.1"), "Do not take a secret that everybody can read for a proof."
    ),
)
