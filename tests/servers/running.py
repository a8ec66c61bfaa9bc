# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The servers as a test sees them: started, looked into, steered, gone at the end of the `with` block."""

import atexit
import http.client
import json
import os
import shlex
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Literal, TypedDict
from urllib.parse import urlencode

from tests.servers.process import HOST, ServerFailed, ServerProcess, free_port
from tests.servers.programs import node, server_python

_HERE = Path(__file__).parent
_ROOT = _HERE.parent.parent
_READY = "/control/log"

STATIC_TOKEN = "static-token-of-the-tests"
MACHINE_CLIENT = ("machine", "machine-secret-of-the-tests")
"""The confidential client that oidc-provider knows from the start, for the client credentials grant."""


class LoggedRequest(TypedDict):
    """One request that a server has seen; `grant_type` only of token requests."""

    method: str
    path: str
    status: int | None
    grant_type: str | None


class RunningServer:
    """
    A server that runs.

    :param process: Its process.
    :param mcp_path: The path of its MCP endpoint, None for an authorization server.
    """

    def __init__(self, process: ServerProcess, mcp_path: str | None = None) -> None:
        self.process = process
        self.url = f"http://{HOST}:{process.port}"
        self._mcp_path = mcp_path

    @property
    def mcp_url(self) -> str:
        """The URL a client connects to."""
        if self._mcp_path is None:
            message = "an authorization server has no MCP endpoint"
            raise AttributeError(message)
        return self.url + self._mcp_path

    def log(self) -> list[LoggedRequest]:
        """
        Read which requests the server has seen.

        :returns: The requests in the order of their arrival, those of this class left out.
        """
        entries: list[LoggedRequest] = json.loads(self._request("GET", "/control/log"))
        return entries

    def reset_log(self) -> None:
        """Forget the requests so far."""
        self.post("/control/reset-log")

    def post(self, path: str) -> None:
        """
        Steer the server: `/control/revoke-all`, `/control/revoke-grants`, `/control/forget-clients`.

        :param path: What to do.
        :raises ServerFailed: If the server cannot do that.
        """
        self._request("POST", path)

    def redirect(self, **statuses: int) -> None:
        """
        Redirect the MCP endpoint of FastMCP from now on.

        :param statuses: The status of the redirect for each HTTP method; the other methods are not redirected.
        """
        self.post(f"/control/redirects?{urlencode(statuses)}")

    def restart(self) -> None:
        """Stop the server and start it on the same port; it forgets clients, tokens and sessions."""
        self.process.restart()

    def _request(self, method: str, path: str) -> bytes:
        connection = http.client.HTTPConnection(HOST, self.process.port, timeout=30.0)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status >= 300:
            message = f"{method} {self.url}{path} was answered with {response.status}"
            raise ServerFailed(message)
        return body


@contextmanager
def fastmcp(
    mode: Literal["open", "static", "own", "remote", "users"] = "open",
    *,
    transport: Literal["http", "sse"] = "http",
    json_response: bool = False,
    access_token_seconds: int = 3600,
    deny: bool = False,
    token: str = STATIC_TOKEN,
    issuer: str | None = None,
    port: int | None = None,
) -> Iterator[RunningServer]:
    """
    Run FastMCP.

    :param mode: `open`: no authorization; `static`: one token; `own`: its own logins; `remote`: tokens of `issuer`;
        `users`: the tokens `token-of-NAME`.
    :param transport: The MCP transport.
    :param json_response: Answer JSON instead of an event stream.
    :param access_token_seconds: The life of an access token, for `own`.
    :param deny: The person says no, for `own`.
    :param token: The token, for `static`.
    :param issuer: The authorization server, for `remote`.
    :param port: The port, None for a free one.
    :yields: The server.
    """
    port = port or free_port()
    command = [server_python(), "-m", "tests.servers.fastmcp_server", "--end-with-stdin", f"--port={port}"]
    command += [f"--mode={mode}", f"--transport={transport}", f"--access-token-seconds={access_token_seconds}"]
    command += ["--json-response"] * json_response + ["--deny"] * deny
    command += [f"--issuer={issuer}"] if issuer else []
    environment = {"VALETKEY_TEST_STATIC_TOKEN": token}
    with ServerProcess(command, port, ready_path=_READY, environment=environment, directory=_ROOT) as process:
        yield RunningServer(process, "/sse" if transport == "sse" else "/mcp")


@contextmanager
def oidc_provider(
    resources: Sequence[str],
    *,
    access_token_seconds: int = 3600,
    port: int | None = None,
    switches: Mapping[str, str] | None = None,
) -> Iterator[RunningServer]:
    """
    Run oidc-provider.

    :param resources: The resources it gives tokens for; any other is `invalid_target` (RFC 8707 §2).
    :param access_token_seconds: The life of an access token.
    :param port: The port, None for a free one.
    :param switches: Variables for what is off by default; the program's head names them.
    :yields: The server; its `url` is the issuer, without the path that a switch may add.
    :raises ServerFailed: If the package is not installed.
    """
    folder = _HERE / "oidc_provider"
    if not (folder / "node_modules" / "oidc-provider").is_dir():
        message = f"oidc-provider is missing in {folder}: `make test` installs it"
        raise ServerFailed(message)
    port = port or free_port()
    environment = {
        "PORT": str(port),
        "RESOURCES": " ".join(resources),
        "ACCESS_TOKEN_SECONDS": str(access_token_seconds),
        "CLIENT_ID": MACHINE_CLIENT[0],
        "CLIENT_SECRET": MACHINE_CLIENT[1],
        "END_WITH_STDIN": "1",
        **(switches or {}),
    }
    command = [node(), str(folder / "server.mjs")]
    with ServerProcess(command, port, ready_path=_READY, environment=environment, directory=folder) as process:
        yield RunningServer(process)


@contextmanager
def fastmcp_with_oidc_provider(
    *, transport: Literal["http", "sse"] = "http", json_response: bool = False, access_token_seconds: int = 3600
) -> Iterator[tuple[RunningServer, RunningServer]]:
    """
    Run FastMCP with oidc-provider as its authorization server.

    :param transport: The MCP transport.
    :param json_response: Answer JSON instead of an event stream.
    :param access_token_seconds: The life of an access token.
    :yields: FastMCP and oidc-provider.
    """
    port = free_port()
    resource = f"http://{HOST}:{port}/{'sse' if transport == 'sse' else 'mcp'}"
    with (
        oidc_provider([resource], access_token_seconds=access_token_seconds) as issuer,
        fastmcp("remote", transport=transport, json_response=json_response, issuer=issuer.url, port=port) as server,
    ):
        yield server, issuer


@cache
def browser_program(script: Path) -> str:
    """
    Make a program of its own of a script: a browser that is `python script.py` would be refused as an interpreter.

    :param script: The script; it gets the URL.
    :returns: The program, as a word of BROWSER.
    """
    folder = tempfile.TemporaryDirectory(prefix="valetkey-browser-")
    atexit.register(folder.cleanup)
    program = Path(folder.name) / script.stem
    run = f"import runpy\nrunpy.run_path({str(script)!r}, run_name='__main__')\n"
    program.write_text(f"#!{sys.executable} -I\n{run}", encoding="utf-8")
    program.chmod(0o700)
    return shlex.quote(str(program))


def browser_environment(*, log: Path | None = None, deny: bool = False) -> Mapping[str, str]:
    """
    Make the scripted browser the browser of a program.

    :param log: The file that gets one line for each opened URL.
    :param deny: The person says no.
    :returns: The variables to set.
    """
    program = browser_program(_HERE / "scripted_browser.py")
    settings = {"deny": "1" if deny else "0", **({} if log is None else {"log": os.fspath(log)})}
    return {"BROWSER": browser_command(program, settings)}


def browser_command(program: str, settings: Mapping[str, str]) -> str:
    """
    Write the value of BROWSER for a program with settings, which go into its arguments: it inherits hardly anything.

    :param program: What `browser_program` gives.
    :param settings: Its settings; they come before the URL, as `name=value`.
    :returns: The value.
    """
    return " ".join([program, *(shlex.quote(f"{name}={value}") for name, value in settings.items()), "%s"])
