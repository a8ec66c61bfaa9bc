# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
An MCP server with accounts: a person signs in to one on its login page, and the tool `whoami` says to which.

`python -m tests.hayhooks.mcp_server --port 9000`
"""

import argparse
import secrets
import sys
import threading

import uvicorn
from fastmcp import FastMCP
from fastmcp.server.dependencies import get_access_token
from starlette.responses import HTMLResponse, RedirectResponse

from tests.servers.fastmcp_auth import OwnLogins
from tests.servers.fastmcp_log import RequestLog, add_control
from tests.servers.fastmcp_server import _end_with_stdin
from tests.servers.process import HOST

PAGE = """<!doctype html><html lang="en"><title>Sign in</title><form method="post">
<label>Account <input name="account"></label><button>Allow</button></form>"""


class Accounts(OwnLogins):
    """Logins whose tokens are of the account that the person has typed."""

    def __init__(self, base_url):
        super().__init__(base_url, 3600, deny=False)
        self._base = base_url
        self._waiting = {}  # where the browser goes on to, by what is in the address of the login page
        self._accounts = {}  # of codes and of access tokens

    async def authorize(self, client, params):
        waiting = secrets.token_hex(8)
        self._waiting[waiting] = await super().authorize(client, params)
        return f"{self._base}/sign-in?waiting={waiting}"

    async def sign_in(self, request):
        if request.method == "GET":
            return HTMLResponse(PAGE)
        answer = self._waiting.pop(request.query_params["waiting"])
        code = answer.partition("code=")[2].partition("&")[0]
        self._accounts[code] = (await request.form())["account"]
        return RedirectResponse(answer, 303)

    async def exchange_authorization_code(self, client, authorization_code):
        account = self._accounts.pop(authorization_code.code)
        token = await super().exchange_authorization_code(client, authorization_code)
        self._accounts[token.access_token] = account
        return token

    def whoami(self) -> str:
        """Tell whose account it is."""
        return self._accounts[get_access_token().token]


def main(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args(arguments).port
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    accounts, log = Accounts(f"http://{HOST}:{port}"), RequestLog()
    server = FastMCP("accounts", auth=accounts)
    server.tool(accounts.whoami)
    server.custom_route("/sign-in", methods=["GET", "POST"])(accounts.sign_in)
    add_control(server, log, {})
    app = log.around(server.http_app(path="/mcp"))
    uvicorn.run(app, host=HOST, port=port, log_level="warning", timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main(sys.argv[1:])
