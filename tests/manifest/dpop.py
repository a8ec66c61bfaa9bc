# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The draft extension for DPoP (RFC 9449)."""

from tests.manifest.requirement import Requirement
from tests.manifest.sources import proposal, rfc

DPOP = (
    Requirement(
        "DPOP-1",
        "MUST",
        rfc(9449, "5"),
        "Prove the key with every token request, and with every call beside the token.",
    ),
    Requirement(
        "DPOP-2",
        "MUST",
        rfc(9449, "4.2"),
        "Make proofs of the right type, for this method and address, with the token's hash at the MCP server.",
    ),
    Requirement("DPOP-3", "MUST", rfc(9449, "4.1"), "Send one proof in a request, and a new one each time."),
    Requirement(
        "DPOP-4",
        "MUST",
        rfc(9449, "8"),
        "Repeat once with the nonce a server asks for, and remember the latest of each server.",
    ),
    Requirement("DPOP-5", "MUST", rfc(9449, "5"), "Discard a token that is not bound where binding is required."),
    Requirement("DPOP-6", "MUST", rfc(9449, "5"), "Renew with the key the session began with."),
    Requirement("DPOP-7", "MUST", rfc(9449, "5.1"), "Choose an algorithm both servers accept."),
    Requirement(
        "DPOP-8",
        "MAY",
        rfc(9449, "10"),
        "Announce the key in the login, and the binding in the registration, where that is wanted.",
    ),
    Requirement("DPOP-9", "MUST", proposal(1932), "Protect the private key."),
    Requirement("DPOP-10", "note", proposal(1932), "Ask for no claim that only an old draft knew."),
)
