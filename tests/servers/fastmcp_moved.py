# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""An MCP endpoint that redirects to where it really is, as an application below Starlette's `Mount` does."""

from urllib.parse import parse_qsl

from starlette.datastructures import URL
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

CONTROL = "/control/redirects"
_MOVES = {"/mcp": "/mcp/", "/sse": "/sse/", "/messages/": "/messages/there"}


def movable(app: ASGIApp) -> ASGIApp:
    """
    Let tests move the MCP endpoint of an application: POST to `CONTROL` with the status for each HTTP method.

    :param app: The application.
    :returns: The application; without such a POST it is as before.
    """
    former = {new: old for old, new in _MOVES.items()}
    statuses: dict[str, int] = {}

    async def redirecting(scope: Scope, receive: Receive, send: Send) -> None:
        path, method = scope.get("path", ""), scope.get("method", "")
        if path == CONTROL:
            statuses.clear()
            statuses.update((name, int(status)) for name, status in parse_qsl(scope["query_string"].decode()))
            await Response(status_code=204)(scope, receive, send)
        elif path in _MOVES and method in statuses:
            url = URL(scope=scope).replace(path=_MOVES[path])
            await RedirectResponse(str(url), statuses[method])(scope, receive, send)
        elif path in former:
            await app({**scope, "path": former[path], "raw_path": former[path].encode()}, receive, send)
        else:
            await app(scope, receive, send)

    return redirecting
