# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The server as a case sees it: started, steered, its log read, gone at the end of the `with` block."""

import http.client
import json
import socket
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
    :param relay: The network in front of it; None if clients talk to the server itself.
    """

    def __init__(self, port: int, relay: "RelayPorts | None" = None) -> None:
        self._port = port
        self._relay = relay
        self.direct_url = f"http://{HOST}:{port}"
        self.url = self.direct_url if relay is None else relay.origin
        self.mcp_url = f"{self.url}/mcp"

    def connections(self) -> int:
        """Count the connections through the relay since the last time."""
        assert self._relay is not None, "there is no relay that counts"
        with socket.create_connection((HOST, self._relay.control), 10.0) as connection:
            return int(connection.recv(100))

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


@dataclass(frozen=True, slots=True)
class RelayPorts:
    """Where a relay is: its origin for clients, and the port that tells the number of connections."""

    origin: str
    control: int


@contextmanager
def running_behind_relay(*, connecting: float, answering: float, certificate: Path | None = None) -> Iterator[Server]:
    """
    Run the server behind a network that has a latency.

    :param connecting: Seconds that each new connection takes longer.
    :param answering: Seconds that each answer takes longer.
    :param certificate: A PEM file with the certificate of this computer and its key, to speak TLS.
    :yields: The server.
    """
    port, relay_port, control = free_port(), free_port(), free_port()
    relay = RelayPorts(f"http{'s' if certificate else ''}://{HOST}:{relay_port}", control)
    command = [sys.executable, "-m", "benchmarks.server", f"--port={port}", f"--origin={relay.origin}"]
    through = [sys.executable, "-m", "benchmarks.relay", f"--port={relay_port}", f"--control={control}"]
    through += [f"--target={port}", f"--connecting={connecting}", f"--answering={answering}"]
    through += [f"--certificate={certificate}"] if certificate else []
    with (
        ServerProcess(command, port, ready_path="/control/log", directory=_ROOT),
        ServerProcess(through, control, directory=_ROOT),
    ):
        yield Server(port, relay)


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
