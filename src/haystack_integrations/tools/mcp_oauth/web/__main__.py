# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The pages of logins as a server of their own, for apps that cannot be changed, such as plain `hayhooks run`.

    python -m haystack_integrations.tools.mcp_oauth.web --public-url https://login.example.com \
        --store redis://localhost --principal-header x-forwarded-user

It has the same store as the app, and stands behind the same proxy, which says in a header field who the user is.
"""

import argparse
import sys
from collections.abc import MutableMapping, Sequence
from typing import Any

from haystack_integrations.tools.mcp_oauth.web.answers import Answer, Receive, Send
from haystack_integrations.tools.mcp_oauth.web.installing import install
from valetkey.errors import AuthError
from valetkey.login.page import HEADERS, stray_page

_NO_UVICORN = "The server needs uvicorn: pip install 'valetkey[haystack,web]'"


async def nothing_else(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    """Answer every request that is for no page of ours."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["type"] == "http":
        await Answer(404, HEADERS, stray_page()).send(send, with_body=scope["method"] != "HEAD")


def app_of(options: argparse.Namespace) -> Any:
    """Make the app that the command line asks for."""
    field = options.principal_header
    return install(
        nothing_else,
        principal=lambda request: request.headers[field],
        public_url=options.public_url,
        store=options.store,
        sign_in=options.sign_in,
    )


def main(arguments: Sequence[str]) -> int:
    """Serve until the process is ended; gives the exit code."""
    options = _parser().parse_args(arguments)
    try:
        app = app_of(options)
    except AuthError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the user reads it
        return 2
    try:
        import uvicorn
    except ImportError:
        print(_NO_UVICORN, file=sys.stderr)  # noqa: T201 - the user reads it
        return 2
    uvicorn.run(app, host=options.host, port=options.port, log_level="info", access_log=False)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m haystack_integrations.tools.mcp_oauth.web",
        description="Serve the pages on which the users of an app log in to MCP servers, beside the app itself.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--public-url", required=True, help="how browsers reach this server, https; the app has it in public_url= too"
    )
    parser.add_argument(
        "--store", help="where the app keeps its sessions, as in its token_storage=; else VALETKEY_STORE says it"
    )
    parser.add_argument(
        "--principal-header",
        required=True,
        help="the field in which the proxy in front names the signed-in user; the proxy must remove what users send",
    )
    parser.add_argument("--sign-in", help="the login page for visitors, with {next} for the address to come back to")
    parser.add_argument("--host", default="127.0.0.1", help="where to listen; only the proxy may reach it; %(default)s")
    parser.add_argument("--port", type=int, default=8765, help="the port to listen at; %(default)s")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
