# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""FastMCP in its three roles."""

from tests.interop.life import every_step
from tests.interop.servers.fastmcp import OIDC_PROXY, OWN_LOGINS, TOKENS_OF_ANOTHER


@every_step(OWN_LOGINS, OIDC_PROXY, TOKENS_OF_ANOTHER)
def test_a_session_lives(user, step):
    step.check(user)
