# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Cloudflare's OAuth provider for Workers, and the MCP server it protects."""

from tests.interop.life import every_step
from tests.interop.servers.cloudflare import CLOUDFLARE


@every_step(CLOUDFLARE)
def test_a_session_lives(user, step):
    step.check(user)
