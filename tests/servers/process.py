# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A server as a child process on 127.0.0.1: ready when `start` returns, gone when its owner is."""

import atexit
import http.client
import os
import secrets
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
_PORTS = range(20_000, 32_000)
"""Below the ports that systems hand out to clients, so that nobody takes the port of a server that is restarting."""
_POLL = 0.02
_GRACE = 5.0
"""Seconds a server has to end by itself."""


class ServerFailed(Exception):
    """A server did not start; the message holds what it wrote."""


def free_port() -> int:
    """
    Find a port that nobody listens on.

    :returns: The port.
    :raises ServerFailed: If there is none.
    """
    # Not from `random`: tests that start from the same seed at the same time would look for the same ports.
    for port in secrets.SystemRandom().sample(_PORTS, 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    message = "no free port on 127.0.0.1"
    raise ServerFailed(message)


class ServerProcess:
    """
    A server that runs while the context is open.

    The child's standard input is a pipe that this process holds: a server that ends with its input also ends when this
    process is killed and cannot stop it.

    :param command: The program and its arguments.
    :param port: The port it listens on.
    :param ready_path: The path whose answer, of any status, shows that it is ready; None: that it listens is enough.
    :param environment: Variables on top of this process's own.
    :param directory: Where to run it.
    :param ready_within: Seconds it has to become ready.
    """

    def __init__(
        self,
        command: Sequence[str],
        port: int,
        *,
        ready_path: str | None = None,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
        ready_within: float = 60.0,
    ) -> None:
        self.port = port
        self._command = list(command)
        self._ready_path = ready_path
        self._environment = dict(environment or {})
        self._directory = directory
        self._ready_within = ready_within
        self._owner = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._output_file: Path | None = None
        self._last_output = ""

    @property
    def pid(self) -> int | None:
        """The process id, None while the server does not run."""
        return self._process.pid if self._process else None

    def start(self) -> Self:
        """
        Start the server and wait until it is ready.

        :returns: The server itself.
        :raises ServerFailed: If it ends at once, or is not ready in time.
        """
        if self._process is not None:
            message = "the server runs already"
            raise ServerFailed(message)
        self._owner = os.getpid()
        descriptor, name = tempfile.mkstemp(prefix="valetkey-server-", suffix=".log")
        self._output_file = Path(name)
        _started.add(self)
        with os.fdopen(descriptor, "wb") as output:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self._environment},
                cwd=self._directory,
                start_new_session=True,  # Ctrl-C is for the owner, which then stops its servers in order
            )
        try:
            self._wait_until_ready(self._process)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Ask the server to end, and end it if it does not. In a fork of the owner this does nothing."""
        if self._owner != os.getpid():
            return
        if self._process is not None:
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._process.terminate()
            try:
                self._process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._clean_up()

    def kill(self) -> None:
        """End the server as a crash would, without asking. In a fork of the owner this does nothing."""
        if self._owner != os.getpid():
            return
        if self._process is not None:
            self._process.kill()
        self._clean_up()

    def restart(self) -> None:
        """Stop the server and start it again on the same port; whatever it kept in memory is lost."""
        self.stop()
        self.start()

    def output(self) -> str:
        """
        Read what the server has written.

        :returns: The text of this run, or of the last one.
        """
        if self._output_file is None:
            return self._last_output
        return self._output_file.read_text(encoding="utf-8", errors="replace")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + self._ready_within
        while time.monotonic() < deadline:
            if self._is_ready() and process.poll() is None:
                return
            try:
                status = process.wait(_POLL)
            except subprocess.TimeoutExpired:
                continue
            message = f"{self._command} ended with status {status}:\n{self.output()}"
            raise ServerFailed(message)
        message = f"{self._command} was not ready on port {self.port} in {self._ready_within:g} s:\n{self.output()}"
        raise ServerFailed(message)

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=5.0)
        try:
            connection.connect()
            if self._ready_path is not None:
                connection.request("GET", self._ready_path)
                connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return True

    def _clean_up(self) -> None:
        if self._process is not None:
            self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._process = None
        if self._output_file is not None:
            self._last_output = self.output()
            self._output_file.unlink(missing_ok=True)
            self._output_file = None
        _started.discard(self)


_started: set[ServerProcess] = set()


@atexit.register
def _stop_all() -> None:
    for server in list(_started):
        server.stop()
