# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Insufficient scope and step-up."""

from tests.manifest.requirement import Requirement
from tests.manifest.sources import authorization, practices

STP = (
    Requirement(
        "STP-1",
        "SHOULD",
        authorization("step-up-authorization-flow"),
        "Answer a missing scope by asking for it, or say what is missing.",
    ),
    Requirement(
        "STP-2", "MAY", authorization("step-up-authorization-flow"), "Let a machine ask for more, or fail at once."
    ),
    Requirement(
        "STP-3",
        "SHOULD (flow step)",
        authorization("step-up-authorization-flow"),
        "Ask for the challenged scope and all that was asked for before.",
    ),
    Requirement(
        "STP-4",
        "MUST (derived)",
        authorization("step-up-authorization-flow"),
        "Choose by the usual order when the challenge names no scope.",
    ),
    Requirement("STP-5", "MUST (flow step)", authorization("step-up-authorization-flow"), "Give up after a few tries."),
    Requirement(
        "STP-6", "SHOULD", authorization("step-up-authorization-flow"), "Count the tries for each server and operation."
    ),
    Requirement(
        "STP-7",
        "SHOULD (guidance)",
        practices("scope-minimization"),
        "Remember what was denied, and do not ask for it again at once.",
    ),
    Requirement(
        "STP-8",
        "MUST (derived)",
        authorization("scope-selection-strategy"),
        "Keep the old token at work until there is a better one.",
    ),
    Requirement(
        "STP-9",
        "MUST (derived)",
        authorization("runtime-insufficient-scope-errors"),
        "Follow the metadata address of a 403 like that of a 401.",
    ),
    Requirement(
        "STP-10",
        "MUST (derived)",
        authorization("step-up-authorization-flow"),
        "Make one login of what several calls miss at once.",
    ),
)
