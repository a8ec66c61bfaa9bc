# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A conversation of the SDK's own client with the server that does all: whatever it hears is written down."""

import asyncio
import os
from contextlib import asynccontextmanager

from mcp import ClientSession, StdioServerParameters, types
from mcp.client.sse import sse_client
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from tests.cli.bridge.running import COMMAND, NOWHERE
from tests.fakes.threads import LONGEST_WAIT

STRANGE = 'Grüße, 世界 🌍\u2028\r\n\ttab "quoted" \\ \u0000 \x85 end'


def plain(value):
    """Write an object of the SDK as JSON."""
    if isinstance(value, Exception):
        return f"{type(value).__name__} {value}"
    root = getattr(value, "root", value)
    return root.model_dump(mode="json", by_alias=True, exclude_unset=True)


class Listener:
    """The client's side: it answers what the server asks, and notes what it is told."""

    def __init__(self):
        self.heard = []
        self.news = asyncio.Event()

    async def note(self, message):
        """Note a notification."""
        if isinstance(message, Exception) or not hasattr(getattr(message, "root", message), "method"):
            return
        content = plain(message)
        if content.get("method", "").startswith("notifications/"):
            self.heard.append(content)
            self.news.set()

    async def log(self, params):
        """Note a line of the server's log."""
        self.heard.append(plain(params))
        self.news.set()

    async def sample(self, context, params):
        """Answer in the place of a language model."""
        said = params.messages[0].content
        text = types.TextContent(type="text", text=f"sampled {getattr(said, 'text', said)}")
        return types.CreateMessageResult(role="assistant", content=text, model="m")

    async def elicit(self, context, params):
        """Answer in the place of a person."""
        return types.ElicitResult(action="accept", content={"name": f"Zoë {params.message}"})

    async def roots(self, context):
        """Name the folders that the server may see."""
        return types.ListRootsResult(roots=[types.Root(uri="file:///home/zoë", name=f"one {STRANGE}")])

    async def until(self, is_there):
        """Wait until something was heard."""
        async with asyncio.timeout(LONGEST_WAIT):
            while not is_there(self.heard):
                self.news.clear()
                await self.news.wait()


@asynccontextmanager
async def session_over(streams, listener):
    """Open the SDK's session over the streams of a transport."""
    async with (
        streams as opened,
        ClientSession(
            opened[0],
            opened[1],
            sampling_callback=listener.sample,
            elicitation_callback=listener.elicit,
            list_roots_callback=listener.roots,
            logging_callback=listener.log,
            message_handler=listener.note,
        ) as session,
    ):
        yield session


def directly(url):
    """Connect as the SDK does it alone."""
    return sse_client(url) if url.endswith("/sse") else streamable_http_client(url)


def bridged(url, *arguments, errlog=None, **environment):
    """Connect through a bridge."""
    command, *rest = COMMAND
    given = {**os.environ, **NOWHERE, **environment}
    parameters = StdioServerParameters(command=command, args=[*rest, url, *arguments], env=given)
    return stdio_client(parameters) if errlog is None else stdio_client(parameters, errlog=errlog)


async def converse(session, listener):
    """Do all that the server knows, and give all that it said, in an order that does not depend on chance."""
    said = {"initialize": plain(await session.initialize())}
    first = await session.list_tools()
    said["tools"] = plain(first)
    cursor = getattr(first, "next_cursor", None) or getattr(first, "nextCursor", None)
    said["more tools"] = plain(await session.send_request(*_page(cursor)))
    said["echo"] = plain(await session.call_tool("echo", {"text": STRANGE, "none": None, "deep": [{"a": 1.5e300}]}))
    said["structured"] = plain(await session.call_tool("structured", {}))
    said["fails"] = plain(await session.call_tool("fail", {}))
    said["big"] = plain(await session.call_tool("big", {"size": 900_000}))
    progress = []

    async def advance(*values):
        progress.append(values)

    said["count"] = plain(await session.call_tool("count", {}, progress_callback=advance))
    said["progress"] = progress
    said["resources"] = plain(await session.list_resources())
    said["templates"] = plain(await session.list_resource_templates())
    said["resource"] = plain(await session.read_resource("test://one"))
    said["prompts"] = plain(await session.list_prompts())
    said["prompt"] = plain(await session.get_prompt("greet", {"who": STRANGE}))
    reference = types.PromptReference(type="ref/prompt", name="greet")
    said["completion"] = plain(await session.complete(reference, {"name": "who", "value": "a"}))
    said["level"] = plain(await session.set_logging_level("info"))
    said["ping"] = plain(await session.send_ping())
    await session.subscribe_resource("test://one")
    await _heard_on_the_stream(session, listener)
    await session.unsubscribe_resource("test://one")
    try:
        await session.get_prompt("greet", None, **{})
        await session.read_resource("test://\u0000")
    except Exception as error:  # noqa: BLE001 - the error is what is compared
        said["error"] = str(error)
    return said


async def ask_back(session):
    """Let the server ask the client; a server that answers with JSON cannot."""
    await session.send_roots_list_changed()
    return {name: plain(await session.call_tool(name, {})) for name in ("sample", "ask", "visit", "roots", "alive")}


async def _heard_on_the_stream(session, listener):
    """Let the server tell of changes, until the stream that brings them is open and has brought them."""

    def is_there(heard):
        return {"notifications/tools/list_changed", "notifications/resources/updated"} <= {
            each.get("method") for each in heard
        }

    while not is_there(listener.heard):
        await session.call_tool("change", {})
        await asyncio.sleep(0)


def _page(cursor):
    request = types.ListToolsRequest(method="tools/list", params=types.PaginatedRequestParams(cursor=cursor))
    is_first_line = hasattr(types, "ClientRequest") and hasattr(types.ClientRequest, "model_fields")
    return (types.ClientRequest(request) if is_first_line else request), types.ListToolsResult
