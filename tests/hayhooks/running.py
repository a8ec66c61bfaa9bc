# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What the stories start: Redis, an MCP server with accounts, and what a process of the service has to know."""

import base64
import os
import secrets
import sys
from contextlib import contextmanager
from pathlib import Path

from tests.servers.process import HOST, ServerProcess, free_port
from tests.store.servers import RedisServer

ROOT = Path(__file__).parent.parent.parent
PATH_OF_MODULES = f"{ROOT / 'src'}{os.pathsep}{ROOT}"


@contextmanager
def surroundings(folder):
    """Run Redis and the MCP server; give the variables of a process of the service, and the port for browsers."""
    mcp, public = free_port(), free_port()
    command = [sys.executable, "-m", "tests.hayhooks.mcp_server", f"--port={mcp}"]
    with (
        RedisServer(folder / "redis") as redis,
        ServerProcess(command, mcp, ready_path="/control/log", directory=ROOT),
    ):
        environment = {
            # Another site than the MCP server's for a browser: it sends no strict cookie along from there.
            "PUBLIC_URL": f"http://localhost:{public}",
            "MCP_URL": f"http://{HOST}:{mcp}/mcp",
            "VALETKEY_STORE": redis.url,
            "VALETKEY_STORE_ENCRYPTION": "",  # which make sets for other tests
            "VALETKEY_STORE_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "HAYHOOKS_PIPELINES_DIR": str(ROOT / "tests" / "hayhooks" / "pipelines"),
            "HAYHOOKS_STARTUP_DEPLOY_STRATEGY": "sequential",
            "HAYSTACK_TELEMETRY_ENABLED": "False",
            "PYTHONPATH": PATH_OF_MODULES,
        }
        yield environment, public


def program(environment, port, *command, ready_path="/status", directory=ROOT):
    """Give a process of a program that is installed with Hayhooks; it is not started yet."""
    path = ROOT / ".venv-hayhooks" / "bin" / command[0]
    return ServerProcess(
        [str(path), *command[1:]],
        port,
        ready_path=ready_path,
        environment=environment,
        directory=directory,
        ready_within=150.0,
    )
