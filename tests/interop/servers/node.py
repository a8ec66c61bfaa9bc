# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The servers in Node.js that have a folder here: server.mjs and what it needs in one, started on a free port."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.interop.profile import SERVERS
from tests.servers import RunningServer, ServerProcess, free_port
from tests.servers.programs import node


@contextmanager
def node_server(name: str, environment: Mapping[str, str] | None = None) -> Iterator[RunningServer]:
    """
    Run the program of a folder, which has its MCP endpoint at `/mcp`.

    :param name: The folder.
    :param environment: What the program reads besides its port.
    :yields: The server.
    """
    folder, port = SERVERS / name, free_port()
    command = [node(), str(folder / "server.mjs")]
    settings = {"PORT": str(port), "END_WITH_STDIN": "1", **(environment or {})}
    with ServerProcess(command, port, ready_path="/control/log", environment=settings, directory=folder) as process:
        yield RunningServer(process, "/mcp")
