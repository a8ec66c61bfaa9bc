# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The server as a case sees it: started, steered, its log read, gone at the end of the `with` block."""

import http.client
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from tests.servers import ServerProcess, free_port
from tests.servers.process import HOST

_ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Log:
    """
    What the server has seen since the last reset.

    :param requests: One `METHOD path status` for each request, in the order of their arrival; a token request also has
        its grant.
    :param reuses: How often a spent refresh token came again.
    """

    requests: tuple[str, ...]
    reuses: int

    def count(self, word: str) -> int:
        return sum(word in request for request in self.requests)


class Server:
    """
    A server that runs.

    :param port: Its port.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self.url = f"http://{HOST}:{port}"
        self.mcp_url = f"{self.url}/mcp"

    def reset(self) -> None:
        self._ask("POST", "/control/reset")

    def revoke(self) -> None:
        """Forget every access token before its time."""
        self._ask("POST", "/control/revoke")

    def set_life(self, seconds: int) -> None:
        """Set the life of the access tokens to come."""
        self._ask("POST", f"/control/life?seconds={seconds}")

    def set_latency(self, seconds: float, where: Literal["everywhere", "token endpoint"] = "everywhere") -> None:
        """Make the answers later, as a network would."""
        self._ask("POST", f"/control/latency?seconds={seconds}&where={quote(where)}")

    def log(self) -> Log:
        found: dict[str, Any] = json.loads(self._ask("GET", "/control/log"))
        lines = (
            " ".join(str(entry[part]) for part in ("method", "path", "status", "grant_type") if entry[part] is not None)
            for entry in found["entries"]
        )
        return Log(tuple(lines), found["reuses"])

    def _ask(self, method: str, path: str) -> bytes:
        connection = http.client.HTTPConnection(HOST, self._port, timeout=10.0)
        try:
            connection.request(method, path)
            return connection.getresponse().read()
        finally:
            connection.close()


@contextmanager
def running(*, json_response: bool = False) -> Iterator[Server]:
    """
    Run the server.

    :param json_response: Answer JSON instead of an event stream.
    :yields: The server.
    """
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.server", f"--port={port}"]
    command += ["--json-response"] * json_response
    with ServerProcess(command, port, ready_path="/control/log", directory=_ROOT):
        yield Server(port)
