# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A FastAPI app whose endpoint calls a tool: `python -m tests.hayhooks.fastapi_app URL` prints what it measured, as JSON.

It logs in twice, under two labels: once so that all is loaded, and once while the app's event loop is watched. The app
is served over HTTP. It runs where Hayhooks is installed, so this imports nothing that only the tests have.
"""

import asyncio
import json
import sys
import time
import urllib.request
from urllib.parse import quote

import uvicorn
from fastapi import FastAPI

from haystack_integrations.tools.mcp_oauth import MCPTool, OAuthConfig, StreamableHttpServerInfo
from tests.haystack.event_loops import longest_pause


def tool_of(url, label):
    return MCPTool("add", StreamableHttpServerInfo(url=url, oauth_config=OAuthConfig(label=label)))


def app_of(tools):
    app = FastAPI()

    @app.get("/add")
    async def add(label: str):
        return json.loads(await tools[label].ainvoke(a=1, b=2))

    return app


def ask(port, label):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/add?label={quote(label)}", timeout=60) as answer:
        return json.load(answer)["content"][0]["text"]


async def main(url, *labels):
    tools = {label: tool_of(url, label) for label in labels}
    server = uvicorn.Server(uvicorn.Config(app_of(tools), port=0, log_level="warning"))
    serving = asyncio.ensure_future(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    for label in labels:
        began, answers = time.monotonic(), []

        async def work(label=label, answers=answers):
            answers.append(await asyncio.to_thread(ask, port, label))

        pause = await longest_pause(work())
        found = {"label": label, "answer": answers[0], "pause": pause, "seconds": time.monotonic() - began}
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()
    server.should_exit = True
    await serving
    for tool in tools.values():
        await tool.close_async()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
