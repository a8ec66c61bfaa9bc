# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A real MCP server, FastMCP, on loopback: `python -m tests.servers.fastmcp_server --port 9000 --mode own`.

Tests start it through `tests.servers.fastmcp`.
"""

import argparse
import asyncio
import os
import sys
import threading
from collections.abc import Sequence
from typing import Any

import uvicorn
from fastmcp import FastMCP
from fastmcp.exceptions import ToolError
from fastmcp.server.auth import AuthProvider
from fastmcp.server.dependencies import get_access_token

from tests.servers.fastmcp_auth import Actions, own_logins, static_token, tokens_of, tokens_of_users
from tests.servers.fastmcp_log import RequestLog, add_control
from tests.servers.fastmcp_moved import movable
from tests.servers.process import HOST

_TOKEN = "VALETKEY_TEST_STATIC_TOKEN"
_LONGEST_SLEEP = 10.0


def whoami() -> dict[str, Any]:
    """Tell who calls."""
    token = get_access_token()
    return {"client_id": token.client_id, "scopes": token.scopes} if token else {"client_id": "anonymous", "scopes": []}


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


async def slow(seconds: float) -> str:
    """Answer later."""
    await asyncio.sleep(min(seconds, _LONGEST_SLEEP))
    return f"after {seconds:g} s"


def fail() -> str:
    """Fail as a tool."""
    message = "this tool always fails"
    raise ToolError(message)


def main(arguments: Sequence[str]) -> None:
    """
    Serve until the process is ended.

    :param arguments: The command line.
    """
    options = _parser().parse_args(arguments)
    if options.end_with_stdin:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    path = "/sse" if options.transport == "sse" else "/mcp"
    auth, actions = _authorization(options, f"http://{HOST}:{options.port}", path)
    server: FastMCP[Any] = FastMCP("valetkey-tests", auth=auth)
    for tool in (whoami, add, slow, fail):
        server.tool(tool)
    log = RequestLog()
    add_control(server, log, actions)
    app = server.http_app(path=path, transport=options.transport, json_response=options.json_response)
    uvicorn.run(
        log.around(movable(app)), host=HOST, port=options.port, log_level="warning", timeout_graceful_shutdown=1
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fastmcp_server")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--mode", choices=["open", "static", "own", "remote", "users"], default="open")
    parser.add_argument("--transport", choices=["http", "sse"], default="http")
    parser.add_argument("--json-response", action="store_true", help="answer JSON instead of an event stream")
    parser.add_argument("--access-token-seconds", type=int, default=3600, help="life of an access token (own)")
    parser.add_argument("--deny", action="store_true", help="the person says no (own)")
    parser.add_argument("--issuer", help="the authorization server (remote)")
    parser.add_argument("--end-with-stdin", action="store_true", help="end when the standard input does")
    return parser


def _authorization(options: argparse.Namespace, url: str, path: str) -> tuple[AuthProvider | None, Actions]:
    if options.mode == "static":
        return static_token(os.environ[_TOKEN])
    if options.mode == "users":
        return tokens_of_users()
    if options.mode == "own":
        return own_logins(url, options.access_token_seconds, deny=options.deny)
    if options.mode == "remote":
        return tokens_of(options.issuer, url, path)
    return None, {}


def _end_with_stdin() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
