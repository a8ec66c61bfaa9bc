# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Threats T: what is bound to what: codes, states, tokens, secrets and keys, and the server that each belongs to."""

from tests.attacks.threat import Defence, Threat

AUTHORIZATION = "src/valetkey/protocol/authorization.py"

THREATS: tuple[Threat, ...] = (
    Threat(
        id="T1",
        attacker="a page in the person's browser",
        controls="the answer that reaches the redirect address",
        gets="nothing: a code is redeemed only with the state of this login",
        remains="",
        test="test_tokens.py::test_an_answer_with_another_state_redeems_no_code",
        defences=(
            Defence(AUTHORIZATION, "    _check_state(parameters, pending)\n", ""),
            Defence(AUTHORIZATION, "if Secret(received) == pending.state:", "if received:"),
        ),
    ),
)
