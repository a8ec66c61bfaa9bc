# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The device authorization grant (RFC 8628)."""

from tests.manifest.requirement import Requirement
from tests.manifest.sources import PRACTICE, rfc

DEV = (
    Requirement(
        "DEV-1", "MAY", rfc(8628, "4"), "Offer a login by code on another device only where the server has it."
    ),
    Requirement(
        "DEV-2",
        "MUST",
        rfc(8628, "3.1"),
        "Start it with client, scope and resource, and read code, address, life and pace.",
    ),
    Requirement("DEV-3", "MUST", rfc(8628, "3.3"), "Show address and user code, and check the address like any page."),
    Requirement(
        "DEV-4",
        "MUST",
        rfc(8628, "3.5"),
        "Ask no faster than told, and five seconds slower each time the server says so.",
    ),
    Requirement("DEV-5", "MUST", rfc(8628, "3.5"), "Ask more slowly after a connection has failed."),
    Requirement("DEV-6", "MUST", rfc(8628, "3.5"), "Stop on a no, on any other error and when time is over."),
    Requirement("DEV-7", "MUST (derived)", PRACTICE, "Bind issuer, resource, scope and store as in any other login."),
)
