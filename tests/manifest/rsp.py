# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The authorization response (RFC 9207)."""

from tests.manifest.requirement import Requirement
from tests.manifest.sources import authorization, oauth21, rfc

RSP = (
    Requirement(
        "RSP-1",
        "MUST",
        authorization("authorization-response-validation"),
        "Compare a promised issuer in the answer with the one that was asked, and reject another.",
    ),
    Requirement(
        "RSP-2",
        "MUST",
        authorization("authorization-response-validation"),
        "Reject an answer without the promised issuer.",
    ),
    Requirement(
        "RSP-3",
        "MUST",
        authorization("authorization-response-validation"),
        "Compare an issuer that was not promised too.",
    ),
    Requirement(
        "RSP-4",
        "MUST",
        authorization("authorization-response-validation"),
        "Go on without an issuer where none was promised.",
    ),
    Requirement(
        "RSP-5",
        "MUST NOT",
        authorization("authorization-response-validation"),
        "Compare issuers decoded and as they are, with no kindness.",
    ),
    Requirement(
        "RSP-6",
        "MUST",
        authorization("authorization-response-validation"),
        "Check the issuer before the code goes anywhere.",
    ),
    Requirement(
        "RSP-7",
        "MUST NOT",
        authorization("authorization-response-validation"),
        "Check errors the same way, and show nothing of a stranger's.",
    ),
    Requirement(
        "RSP-8",
        "MUST",
        "https://modelcontextprotocol.io/seps/2468-recommend-issuer-claim-for-auth",
        "Hand the whole answer to the check, not just code and state.",
    ),
    Requirement("RSP-9", "MUST (derived)", rfc(6749, "3.1"), "Refuse an answer that repeats a parameter."),
    Requirement("RSP-10", "MUST", oauth21("4.1.2"), "Skip parameters nobody knows, and take a code of any length."),
    Requirement(
        "RSP-11", "MUST", oauth21("4.1.2.1"), "End the login with a clear message for every error in the answer."
    ),
    Requirement(
        "RSP-12",
        "MUST",
        oauth21("2.3.4"),
        "Take an answer only for the login it belongs to, and redeem it where that login began.",
    ),
    Requirement("RSP-13", "MUST (derived)", oauth21("4.1.3"), "Redeem a code once, and log in anew if that fails."),
    Requirement(
        "RSP-14", "SHOULD", oauth21("2.3.6"), "Show a page at the end that loads nothing and passes no address on."
    ),
)
