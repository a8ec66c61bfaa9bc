# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Running a bridge, as a desktop client does, and the server behind it."""

import http.client
import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.fakes.threads import LONGEST_WAIT
from tests.processes.child import rest_of
from tests.servers.process import HOST, ServerProcess, free_port
from tests.servers.programs import server_python

ROOT = Path(__file__).parent.parent.parent.parent
COMMAND = [sys.executable, "-m", "valetkey", "bridge"]
NOWHERE = {"BROWSER": "", "DISPLAY": "", "WAYLAND_DISPLAY": "", "WSL_DISTRO_NAME": "", "SSH_CONNECTION": ""}


class EverythingServer:
    """The server that does all that MCP knows, as a test sees it."""

    def __init__(self, process):
        self.process = process
        self.url, self.sse_url = (f"http://{HOST}:{process.port}/{path}" for path in ("mcp", "sse"))

    def log(self):
        """Give its requests, the tools that were called, and those that were cancelled."""
        return json.loads(self.steer("log"))

    def steer(self, what):
        """Let it `release` what it holds, `forget` its sessions, or `reset` its log."""
        connection = http.client.HTTPConnection(HOST, self.process.port, timeout=LONGEST_WAIT)
        try:
            connection.request("POST", f"/control/{what}")
            return connection.getresponse().read()
        finally:
            connection.close()


@contextmanager
def everything(*, json_response=False, port=None):
    """Run the server."""
    port = port or free_port()
    command = [server_python(), "-m", "tests.cli.bridge.everything_server", f"--port={port}"]
    command += ["--json-response"] * json_response
    with ServerProcess(command, port, ready_path="/control/log", directory=ROOT) as process:
        yield EverythingServer(process)


class Bridge:
    """A bridge as a process, spoken to with lines; each wait is bounded."""

    def __init__(self, *arguments, **environment):
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **NOWHERE, **environment},
        )
        self._watch = threading.Timer(LONGEST_WAIT, self.process.kill)
        self._watch.daemon = True
        self._watch.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._watch.cancel()
        self.process.kill()
        self.process.wait(LONGEST_WAIT)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                with suppress(BrokenPipeError):  # what was not flushed
                    pipe.close()

    def write(self, text):
        """Write a text as it is."""
        self.process.stdin.write(text if isinstance(text, bytes) else text.encode())
        self.process.stdin.flush()

    def tell(self, method, **params):
        """Send a notification."""
        self.write(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}) + "\n")

    def ask(self, request_id, method, **params):
        """Send a request."""
        self.write(json.dumps({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}) + "\n")

    def read(self):
        """Give the next message; None when there will be no more."""
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def answer(self, request_id):
        """Give the answer to a request; the notifications before it are left out."""
        while (message := self.read()) is not None:
            if message.get("id") == request_id and "method" not in message:
                return message
        return None

    def open(self, **params):
        """Open an MCP session."""
        client = {"name": "test", "version": "1"}
        self.ask(0, "initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo=client, **params)
        answer = self.answer(0)
        if "result" in answer:
            self.tell("notifications/initialized")
        return answer

    def call(self, request_id, tool, **arguments):
        """Call a tool and give the text of its result, or the error."""
        self.ask(request_id, "tools/call", name=tool, arguments=arguments)
        answer = self.answer(request_id)
        return answer["error"] if "error" in answer else answer["result"]["content"][0]["text"]

    def end(self):
        """Wait for the end: its exit code, what it still wrote to its output, and what to standard error."""
        output, said = rest_of(self.process)
        return self.process.returncode, output.decode(), said.decode()
