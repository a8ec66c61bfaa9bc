# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Real servers on loopback, and a browser with a person in front of it."""

from tests.servers.process import ServerFailed, ServerProcess, free_port
from tests.servers.running import (
    MACHINE_CLIENT,
    STATIC_TOKEN,
    LoggedRequest,
    RunningServer,
    browser_command,
    browser_environment,
    browser_program,
    fastmcp,
    fastmcp_with_oidc_provider,
    oidc_provider,
)

__all__ = [
    "MACHINE_CLIENT",
    "STATIC_TOKEN",
    "LoggedRequest",
    "RunningServer",
    "ServerFailed",
    "ServerProcess",
    "browser_command",
    "browser_environment",
    "browser_program",
    "fastmcp",
    "fastmcp_with_oidc_provider",
    "free_port",
    "oidc_provider",
]
