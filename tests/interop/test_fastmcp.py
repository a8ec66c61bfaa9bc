# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""FastMCP 4: its own logins, and in front of oidc-provider."""

from tests.interop.life import every_step
from tests.interop.servers.fastmcp import OWN_LOGINS


@every_step(OWN_LOGINS)
def test_a_session_lives(user, step):
    step.check(user)
