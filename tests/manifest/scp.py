# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which scope is asked for."""

from tests.manifest.requirement import Requirement
from tests.manifest.sources import authorization, rfc

SCP = (
    Requirement(
        "SCP-1",
        "SHOULD",
        authorization("scope-selection-strategy"),
        "Ask for the scope in the challenge when there is one.",
    ),
    Requirement(
        "SCP-2",
        "SHOULD",
        authorization("scope-selection-strategy"),
        "Else ask for what the resource metadata lists, and not for the authorization server's list.",
    ),
    Requirement(
        "SCP-3",
        "SHOULD",
        authorization("scope-selection-strategy"),
        "Else leave the parameter out; never send it empty.",
    ),
    Requirement(
        "SCP-4",
        "MUST NOT",
        authorization("scope-selection-strategy"),
        "Infer nothing from comparing challenged with published scopes.",
    ),
    Requirement(
        "SCP-5",
        "MUST",
        authorization("scope-selection-strategy"),
        "Take the scope in a challenge for what the operation needs.",
    ),
    Requirement(
        "SCP-6",
        "SHOULD",
        authorization("scope-selection-strategy"),
        "When asking again, ask for what was granted before as well.",
    ),
    Requirement(
        "SCP-7",
        "SHOULD",
        authorization("scope-selection-strategy"),
        "Ask for as little as the work needs, unless the user says otherwise.",
    ),
    Requirement(
        "SCP-8",
        "MAY",
        authorization("refresh-tokens"),
        "Add offline_access where the server lists it and a refresh token is wanted.",
    ),
    Requirement(
        "SCP-9",
        "MUST NOT (as tested)",
        authorization("refresh-tokens"),
        "Never ask for offline_access where the server does not list it.",
    ),
    Requirement(
        "SCP-10",
        "PRACTICE",
        "https://openid.net/specs/openid-connect-core-1_0.html#OfflineAccess",
        "Ask for consent together with offline_access, because some servers grant it only then.",
    ),
    Requirement(
        "SCP-11",
        "MUST (grammar)",
        rfc(6749, "3.3"),
        "Separate scopes by single spaces, once each, and keep their case.",
    ),
    Requirement(
        "SCP-12",
        "MUST",
        rfc(6749, "5.1"),
        "Take a scope that the answer leaves out for granted as asked, and any other for what it says.",
    ),
)
