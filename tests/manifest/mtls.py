# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Certificates of clients (RFC 8705)."""

from tests.manifest.requirement import Requirement
from tests.manifest.sources import rfc

MTLS = (
    Requirement(
        "MTLS-1",
        "MAY",
        rfc(8705, "2"),
        "Prove the client by its certificate at the token endpoint.",
        gap="Clients with certificates of their own are not supported.",
    ),
    Requirement(
        "MTLS-2",
        "MUST (if used)",
        rfc(8705, "5"),
        "Prefer the endpoints that are meant for certificates.",
        gap="Clients with certificates of their own are not supported.",
    ),
    Requirement(
        "MTLS-3",
        "MUST (if bound)",
        rfc(8705, "3"),
        "Use a bound token only with the certificate it is bound to.",
        gap="Clients with certificates of their own are not supported.",
    ),
)
