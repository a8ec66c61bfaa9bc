# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Reading a 401 or 403 and its WWW-Authenticate fields."""

from tests.manifest.requirement import Requirement
from tests.manifest.sources import authorization, discovery, rfc

WWW = (
    Requirement(
        "WWW-1",
        "MUST",
        discovery("protected-resource-metadata-discovery-requirements"),
        "Read every WWW-Authenticate field of a 401, and do what it asks for.",
    ),
    Requirement(
        "WWW-2",
        "MUST",
        discovery("protected-resource-metadata-discovery-requirements"),
        "Start discovery after a bare 401 too, with or without the field.",
    ),
    Requirement(
        "WWW-3",
        "MUST (grammar)",
        rfc(9110, "11.6.1"),
        "Read the field as a list of challenges, each with one token68 or a list of parameters.",
    ),
    Requirement(
        "WWW-4", "MUST (grammar)", rfc(9110, "5.3"), "Take several field lines for one list, and lose none of them."
    ),
    Requirement("WWW-5", "MUST (grammar)", rfc(9110, "11.1"), "Ignore the case of schemes and parameter names."),
    Requirement(
        "WWW-6",
        "MUST (grammar)",
        rfc(9110, "11.2"),
        "Take tokens and quoted strings for values, undo quoted pairs, and allow spaces around the equals sign.",
    ),
    Requirement(
        "WWW-7",
        "MUST (grammar)",
        rfc(9110, "11.3"),
        "Take a scheme without parameters for a challenge, and skip empty list elements.",
    ),
    Requirement(
        "WWW-8",
        "MUST (sender rule)",
        rfc(9110, "11.2"),
        "Make something predictable of a repeated parameter, and never join its values.",
    ),
    Requirement(
        "WWW-9", "MUST", rfc(9110, "11.3"), "Keep the parameters of one challenge apart from those of the next."
    ),
    Requirement(
        "WWW-10",
        "MAY",
        rfc(9728, "5.1"),
        "Answer the safest challenge that is understood, by the parameters of that challenge.",
    ),
    Requirement(
        "WWW-11", "MUST", rfc(9110, "11.3"), "Skip schemes and parameters that nobody knows; the rest still counts."
    ),
    Requirement(
        "WWW-12", "MUST", rfc(6750, "3"), "Read the scope as a set of case-sensitive words; an empty one is none."
    ),
    Requirement(
        "WWW-13",
        "MUST (derived)",
        rfc(6750, "3.1"),
        "Act on the registered error codes only, and treat the texts beside them as hostile.",
    ),
    Requirement(
        "WWW-14", "SHOULD", rfc(9728, "5.2"), "Let a challenge at any time renew what is known about the login."
    ),
    Requirement(
        "WWW-15", "SHOULD", rfc(9110, "15.5.2"), "Stop when a fresh token gets the same answer as the one before."
    ),
    Requirement(
        "WWW-16",
        "MUST (derived)",
        authorization("step-up-authorization-flow"),
        "Expect a rejection of any request of a session, not of the first one only.",
    ),
    Requirement(
        "WWW-17", "PRACTICE", rfc(6750, "3.1"), "Report a 403 that names no missing scope, and start no login."
    ),
    Requirement(
        "WWW-18",
        "MAY",
        rfc(9470, "3"),
        "Carry acr_values and max_age of a challenge into the next login.",
        gap="A login of a certain strength cannot be asked for; such a 401 is answered like any other.",
    ),
)
