# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a client has asked a server, in order and without secrets, and the paths by which tests read and steer it."""

from collections.abc import Callable, Mapping
from typing import Any, TypedDict
from urllib.parse import parse_qs

from fastmcp import FastMCP
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_CONTROL = "/control"
_MAX_FORM = 1 << 16


class Entry(TypedDict):
    """One request; the status is None until the answer begins."""

    method: str
    path: str
    status: int | None
    grant_type: str | None


class RequestLog:
    """The requests of everybody except the tests themselves, in the order of their arrival."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def around(self, app: ASGIApp) -> ASGIApp:
        """
        Put the log in front of an application.

        :param app: The application.
        :returns: The same application, watched.
        """

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["path"].startswith(_CONTROL + "/"):
                await app(scope, receive, send)
                return
            entry = Entry(method=scope["method"], path=scope["path"], status=None, grant_type=None)
            self.entries.append(entry)
            is_token_request = (entry["method"], entry["path"]) == ("POST", "/token")
            await app(scope, _reading(receive, entry) if is_token_request else receive, _noting(send, entry))

        return watched


def add_control(server: FastMCP[Any], log: RequestLog, actions: Mapping[str, Callable[[], None]]) -> None:
    """
    Add the paths by which a test looks into the server and steers it.

    :param server: The server.
    :param log: Its log.
    :param actions: What can be done to it: POST to `/control/` and the name.
    """

    @server.custom_route(f"{_CONTROL}/log", methods=["GET"])
    async def read_log(request: Request) -> Response:
        return JSONResponse(log.entries)

    for name, action in {"reset-log": log.entries.clear, **actions}.items():
        server.custom_route(f"{_CONTROL}/{name}", methods=["POST"])(_endpoint(action))


def _endpoint(action: Callable[[], None]) -> Callable[[Request], Any]:
    async def act(request: Request) -> Response:
        action()
        return Response(status_code=204)

    return act


def _reading(receive: Receive, entry: Entry) -> Receive:
    form = bytearray()

    async def read() -> Message:
        message = await receive()
        if message["type"] == "http.request" and len(form) < _MAX_FORM:
            form.extend(message.get("body", b""))
            entry["grant_type"] = parse_qs(form.decode("latin-1")).get("grant_type", [None])[0]
        return message

    return read


def _noting(send: Send, entry: Entry) -> Send:
    async def note(message: Message) -> None:
        if message["type"] == "http.response.start":
            entry["status"] = message["status"]
        await send(message)

    return note
