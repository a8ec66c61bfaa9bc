# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Refresh tokens."""

from tests.manifest.requirement import Requirement
from tests.manifest.sources import PRACTICE, authorization, oauth21, rfc

REF = (
    Requirement(
        "REF-1",
        "MUST",
        authorization("refresh-tokens"),
        "Keep refresh tokens secret, and show them to their issuer only.",
    ),
    Requirement("REF-2", "MUST NOT", authorization("refresh-tokens"), "Get along without a refresh token."),
    Requirement(
        "REF-3",
        "SHOULD",
        authorization("refresh-tokens"),
        "Say in the client's metadata that refresh tokens are wanted.",
    ),
    Requirement(
        "REF-4", "MUST", oauth21("4.3.1"), "Renew with token, resource and client proof, and ask for no more scope."
    ),
    Requirement(
        "REF-5", "MUST", oauth21("4.3.2"), "Replace the refresh token when a new one comes, and keep it when none does."
    ),
    Requirement(
        "REF-6",
        "MUST (derived)",
        oauth21("4.3.1"),
        "Answer a missing scope by a login, because a renewal cannot widen a grant.",
    ),
    Requirement(
        "REF-7",
        "PRACTICE",
        "https://github.com/anomalyco/opencode/issues/34074",
        "Renew once for all who need it; who comes second takes what is there and deletes nothing.",
    ),
    Requirement("REF-8", "PRACTICE", PRACTICE, "Write a renewed session down before it is used."),
    Requirement(
        "REF-9",
        "MUST (derived)",
        rfc(6749, "5.2"),
        "Drop a refresh token that is refused, register again if that was it, and keep both through troubles.",
    ),
    Requirement("REF-10", "MUST", oauth21("4.3.1"), "Prove the client on renewal as on login."),
    Requirement(
        "REF-11",
        "MUST (derived)",
        oauth21("3.2.3"),
        "Note when a renewal grants less, and do not run in circles over it.",
    ),
)
