# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
FastMCP in front of an authorization server: `python -m tests.interop.resource_server --issuer … --jwks …`.

It believes tokens signed with the issuer's keys, or asks the issuer about them (RFC 7662). The test servers' FastMCP
does the same with the paths of oidc-provider only.
"""

import argparse
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from fastmcp import FastMCP
from fastmcp.server.auth import AccessToken, AuthProvider, JWTVerifier, RemoteAuthProvider, TokenVerifier
from fastmcp.server.auth.providers.introspection import IntrospectionTokenVerifier
from pydantic import AnyHttpUrl

from tests.interop.profile import ROOT
from tests.interop.servers.launch import end_with_stdin
from tests.servers import RunningServer, ServerProcess, free_port
from tests.servers.fastmcp_log import RequestLog, add_control
from tests.servers.fastmcp_server import whoami
from tests.servers.process import HOST
from tests.servers.programs import server_python

SCOPE = "mcp"
MCP_PATH = "/mcp"
_SECRET = "VALETKEY_TEST_INTROSPECTION_SECRET"


def mcp_url_at(port: int) -> str:
    """
    Give the URL of the MCP server, which is also the resource that tokens are made for.

    :param port: Its port.
    :returns: The URL.
    """
    return f"http://{HOST}:{port}{MCP_PATH}"


@contextmanager
def mcp_server_with_keys_of(
    issuer: str, jwks_url: str, *, port: int | None = None, algorithm: str = "RS256", audience: str | None = None
) -> Iterator[RunningServer]:
    """
    Run an MCP server that verifies the tokens of an issuer by its keys.

    :param issuer: The authorization server.
    :param jwks_url: Where its keys are.
    :param port: The port, None for a free one.
    :param algorithm: How it signs.
    :param audience: What it makes tokens for, if not for the URL of the MCP server.
    :yields: The server.
    """
    with _running(issuer, ["--jwks", jwks_url, "--algorithm", algorithm], port, audience, {}) as server:
        yield server


@contextmanager
def mcp_server_that_asks(
    issuer: str, introspection_url: str, client: tuple[str, str], *, port: int | None = None
) -> Iterator[RunningServer]:
    """
    Run an MCP server that asks an issuer about each token.

    :param issuer: The authorization server.
    :param introspection_url: Where to ask.
    :param client: The id and the secret that the MCP server has there.
    :param port: The port, None for a free one.
    :yields: The server.
    """
    identifier, secret = client
    arguments = ["--introspection", introspection_url, "--introspection-client", identifier]
    with _running(issuer, arguments, port, None, {_SECRET: secret}) as server:
        yield server


@contextmanager
def _running(
    issuer: str, arguments: Sequence[str], port: int | None, audience: str | None, environment: dict[str, str]
) -> Iterator[RunningServer]:
    port = port or free_port()
    command = [server_python(), "-m", "tests.interop.resource_server", f"--port={port}", f"--issuer={issuer}"]
    command += [*arguments, f"--audience={audience or mcp_url_at(port)}"]
    with ServerProcess(command, port, ready_path="/control/log", environment=environment, directory=ROOT) as process:
        yield RunningServer(process, MCP_PATH)


class RefusingVerifier(TokenVerifier):
    """
    Verifies as another verifier does, until it is told to refuse what it has seen.

    :param verifier: The other one.
    """

    def __init__(self, verifier: TokenVerifier) -> None:
        super().__init__(required_scopes=verifier.required_scopes)
        self._verifier = verifier
        self._known: set[str] = set()
        self._refused: set[str] = set()

    def refuse_known_tokens(self) -> None:
        """Refuse every token that was accepted so far."""
        self._refused |= self._known

    async def verify_token(self, token: str) -> AccessToken | None:
        """Verify a token."""
        accepted = None if token in self._refused else await self._verifier.verify_token(token)
        if accepted is not None:
            self._known.add(token)
        return accepted


def main(arguments: Sequence[str]) -> None:
    """
    Serve until the process is ended.

    :param arguments: The command line.
    """
    options = _parser().parse_args(arguments)
    verifier = RefusingVerifier(_verifier(options))
    base = f"http://{HOST}:{options.port}"
    auth = RemoteAuthProvider(verifier, authorization_servers=[AnyHttpUrl(options.issuer)], base_url=base)
    serve(auth, options.port, verifier.refuse_known_tokens)


def serve(auth: AuthProvider, port: int, reject_tokens: Callable[[], None]) -> None:
    """
    Serve an MCP server with one tool, until the process or its standard input ends.

    :param auth: Its authorization.
    :param port: Its port.
    :param reject_tokens: Makes it refuse the access tokens that it has seen.
    """
    threading.Thread(target=end_with_stdin, daemon=True).start()
    server: FastMCP[object] = FastMCP("valetkey-interop", auth=auth)
    server.tool(whoami)
    log = RequestLog()
    add_control(server, log, {"revoke-all": reject_tokens})
    app = log.around(server.http_app(path=MCP_PATH))
    uvicorn.run(app, host=HOST, port=port, log_level="warning", timeout_graceful_shutdown=1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="resource_server")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--issuer", required=True)
    parser.add_argument("--audience", required=True)
    parser.add_argument("--jwks", help="where the issuer's keys are")
    parser.add_argument("--algorithm", default="RS256")
    parser.add_argument("--introspection", help="where the issuer tells about a token")
    parser.add_argument("--introspection-client", help="who asks there")
    return parser


def _verifier(options: argparse.Namespace) -> TokenVerifier:
    if options.introspection:
        return IntrospectionTokenVerifier(
            introspection_url=options.introspection,
            client_id=options.introspection_client,
            client_secret=os.environ[_SECRET],
            required_scopes=[SCOPE],
        )
    return JWTVerifier(
        jwks_uri=options.jwks,
        issuer=options.issuer,
        audience=options.audience,
        algorithm=options.algorithm,
        required_scopes=[SCOPE],
    )


if __name__ == "__main__":
    main(sys.argv[1:])
