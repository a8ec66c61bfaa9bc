# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
An MCP server of the SDK that does all that MCP knows: `python -m tests.cli.bridge.everything_server --port 9000`.

It needs `mcp` 2. `/control/…` steers it, and `/control/log` lists its requests.
"""

import argparse
import asyncio
import contextlib
import os
import sys
import threading
import warnings
from typing import Any

import mcp_types as types
import uvicorn
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.sse import SseServerTransport
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

warnings.simplefilter("ignore")
STRANGE = "Grüße, 世界 🌍\u2028\r\n\ttab\u0000 \x85 end"
SECRET = "secret-of-the-server"
SCHEMA = {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}}
_LONGEST = 20.0
_calls: list[str] = []
_cancelled: list[str] = []
_may_end = asyncio.Event()
_tools = [
    "echo",
    "count",
    "big",
    "fail",
    "hold",
    "sample",
    "ask",
    "change",
    "where",
    "structured",
    "roots",
    "visit",
    "alive",
]


async def list_tools(ctx: Any, params: Any) -> types.ListToolsResult:
    """List them on two pages."""
    cursor = getattr(params, "cursor", None)
    page = _tools[5:] if cursor else _tools[:5]
    tools = [types.Tool(name=name, description=f"{name} {STRANGE}", input_schema=SCHEMA) for name in page]
    return types.ListToolsResult(tools=tools, next_cursor=None if cursor else "two")


async def call_tool(ctx: Any, params: Any) -> types.CallToolResult:
    name, given = params.name, params.arguments or {}
    _calls.append(name)
    if name == "echo":
        return _text(str(given.get("text", "")))
    if name == "count":
        for step in range(3):
            await ctx.session.report_progress(step + 1, 3, f"step {step + 1} {STRANGE}")
            await ctx.session.send_log_message("info", {"step": step}, "counter", ctx.request_id)
        return _text("counted")
    if name == "big":
        return _text("x" * int(given["size"]))
    if name == "fail":
        message = f"the tool fails with {SECRET}"
        return types.CallToolResult(content=[types.TextContent(type="text", text=message)], is_error=True)
    if name == "hold":
        await ctx.session.send_log_message("info", "holding", "hold", ctx.request_id)
        try:
            async with asyncio.timeout(_LONGEST):
                await _may_end.wait()
        except asyncio.CancelledError:
            _cancelled.append(name)
            raise
        return _text("held")
    if name == "sample":
        asked = types.SamplingMessage(role="user", content=types.TextContent(type="text", text=f"say {STRANGE}"))
        got = await ctx.session.create_message([asked], max_tokens=10, related_request_id=ctx.request_id)
        return _text(got.content.text)
    if name == "ask":
        schema = {"type": "object", "properties": {"name": {"type": "string"}}}
        got = await ctx.session.elicit_form("Your name?", schema, ctx.request_id)
        return _text(f"{got.action} {got.content}")
    if name == "roots":
        got = await ctx.session.list_roots()
        return _text(" ".join(f"{root.uri} {root.name}" for root in got.roots))
    if name == "visit":
        got = await ctx.session.elicit_url("Go there", "https://example.com/a?b=c", "one", ctx.request_id)
        return _text(got.action)
    if name == "alive":
        await ctx.session.send_ping()
        return _text("alive")
    if name == "change":
        await ctx.session.send_tool_list_changed()
        await ctx.session.send_resource_updated("test://one")
        return _text("changed")
    if name == "where":
        return _text(f"{ctx.request.headers.get('mcp-param-region')} {ctx.request.headers.get('mcp-name')}")
    content = [types.TextContent(type="text", text="42")]
    return types.CallToolResult(content=content, structured_content={"n": 42, "none": None, "float": 1.5e300})


def _text(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)])


async def list_resources(ctx: Any, params: Any) -> types.ListResourcesResult:
    return types.ListResourcesResult(resources=[types.Resource(uri="test://one", name="one", mime_type="text/plain")])


async def list_templates(ctx: Any, params: Any) -> types.ListResourceTemplatesResult:
    return types.ListResourceTemplatesResult(
        resource_templates=[types.ResourceTemplate(uri_template="test://{id}", name="any")]
    )


async def read_resource(ctx: Any, params: Any) -> types.ReadResourceResult:
    text = types.TextResourceContents(uri=params.uri, text=STRANGE)
    blob = types.BlobResourceContents(uri=params.uri, blob="AAEC")
    return types.ReadResourceResult(contents=[text, blob])


async def nothing(ctx: Any, params: Any) -> types.EmptyResult:
    _calls.append(f"{type(params).__name__}")
    return types.EmptyResult()


async def list_prompts(ctx: Any, params: Any) -> types.ListPromptsResult:
    argument = types.PromptArgument(name="who", required=True)
    return types.ListPromptsResult(prompts=[types.Prompt(name="greet", arguments=[argument])])


async def get_prompt(ctx: Any, params: Any) -> types.GetPromptResult:
    text = types.TextContent(type="text", text=f"Hello {(params.arguments or {}).get('who')}")
    return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=text)])


async def complete(ctx: Any, params: Any) -> types.CompleteResult:
    values = [f"{params.argument.value}{end}" for end in ("a", "b")]
    return types.CompleteResult(completion=types.Completion(values=values, total=2, has_more=False))


class EverythingServer(Server[Any]):
    """It says that its lists may change."""

    def create_initialization_options(self, notification_options: Any = None, **given: Any) -> Any:
        changing = NotificationOptions(tools_changed=True, resources_changed=True, prompts_changed=True)
        return super().create_initialization_options(changing, **given)


def make_server() -> Server[Any]:
    return EverythingServer(
        "everything",
        version="1",
        instructions=STRANGE,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
        on_subscribe_resource=nothing,
        on_unsubscribe_resource=nothing,
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
        on_completion=complete,
        on_set_logging_level=nothing,
    )


def make_app(*, json_response: bool) -> Any:
    """Serve it over streamable HTTP at /mcp and over SSE at /sse."""
    server = make_server()
    app = server.streamable_http_app(json_response=json_response)
    messages = SseServerTransport("/messages/")
    log: list[dict[str, Any]] = []

    async def connect(request: Request) -> Response:
        async with messages.connect_sse(request.scope, request.receive, request._send) as streams:
            await server.run(streams[0], streams[1], server.create_initialization_options())
        return Response()

    def steer(request: Request) -> Response:
        what = request.path_params["what"]
        if what == "log":
            return JSONResponse({"requests": log, "calls": _calls, "cancelled": _cancelled})
        if what == "release":
            _may_end.set()
        if what == "reset":
            _may_end.clear()
            for kept in (log, _calls, _cancelled):
                kept.clear()
        if what == "forget":  # the sessions, as after a restart
            sessions = server._session_manager._server_instances
            for transport in list(sessions.values()):
                asyncio.get_running_loop().create_task(transport.terminate())
            sessions.clear()
        return JSONResponse({})

    routes = [
        Route("/control/{what}", _async(steer), methods=["GET", "POST"]),
        Route("/sse", connect, methods=["GET"]),
        Mount("/messages/", app=messages.handle_post_message),
        Mount("/", app=app),
    ]

    @contextlib.asynccontextmanager
    async def lifespan(_: Any) -> Any:
        async with server._session_manager.run():
            yield

    outer = Starlette(routes=routes, lifespan=lifespan)

    async def logged(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and not scope["path"].startswith("/control"):
            log.append({"method": scope["method"], "path": scope["path"]})
        await outer(scope, receive, send)

    return logged


def _async(answer: Any) -> Any:
    async def endpoint(request: Request) -> Response:
        return answer(request)

    return endpoint


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--json-response", action="store_true")
    options = parser.parse_args()
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    app = make_app(json_response=options.json_response)
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning", timeout_graceful_shutdown=1)


def _end_with_stdin() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
