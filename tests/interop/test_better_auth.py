# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""better-auth, and the MCP server that its plugin protects."""

from tests.interop.life import every_step
from tests.interop.servers.better_auth import BETTER_AUTH


@every_step(BETTER_AUTH)
def test_a_session_lives(user, step):
    step.check(user)
