# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The draft extension for workload identity federation."""

from tests.manifest.requirement import Requirement
from tests.manifest.sources import proposal

WIF = (
    Requirement(
        "WIF-1",
        "MUST (draft)",
        proposal(1933),
        "Send the platform's assertion and the resource; register nothing and open no browser.",
    ),
    Requirement("WIF-2", "MUST (draft)", proposal(1933), "Read the assertion anew for every token request."),
    Requirement(
        "WIF-3", "conflict", proposal(1933), "Let the assertion's audience be configured, the issuer by default."
    ),
    Requirement(
        "WIF-4",
        "SHOULD (as tested, WARNING)",
        "https://github.com/modelcontextprotocol/conformance/blob/main/src/seps/sep-1933.yaml",
        "Report a refused assertion; neither repeat it nor try another grant.",
    ),
    Requirement(
        "WIF-5", "SHOULD (draft)", proposal(1933), "Neither log nor keep the assertion, and send it over TLS only."
    ),
    Requirement("WIF-6", "MUST (draft)", proposal(1933), "Refuse early where the server does not list the grant."),
)
