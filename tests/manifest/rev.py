# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Logout and revocation (RFC 7009)."""

from tests.manifest.requirement import Requirement
from tests.manifest.sources import rfc

REV = (
    Requirement(
        "REV-1",
        "MAY",
        rfc(7009, "2"),
        "Revoke tokens on logout where the server offers it, and forget them in any case.",
    ),
    Requirement("REV-2", "MUST", rfc(7009, "2"), "Revoke over https only."),
    Requirement("REV-3", "MUST", rfc(7009, "2.1"), "Send the token, what kind it is and the client's proof in a form."),
    Requirement("REV-4", "MUST", rfc(7009, "2.2"), "Take 200 for done, whatever the body says."),
    Requirement("REV-5", "MUST", rfc(7009, "2.2.1"), "Take 503 for not yet, and an unsupported type for no harm."),
    Requirement("REV-6", "SHOULD (derived)", rfc(7009, "2.1"), "Revoke the refresh token first."),
)
