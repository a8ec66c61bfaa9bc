# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""oidc-provider, with an issuer at the root of its host and with one that has a path."""

from tests.interop.life import every_step
from tests.interop.servers.oidc_provider import AT_THE_ROOT, BELOW_A_PATH


@every_step(AT_THE_ROOT, BELOW_A_PATH)
def test_a_session_lives(user, step):
    step.check(user)
