# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
50 parallel tool calls of 100 ms through Haystack's MCP tools, from threads as a pipeline makes them.

Valetkey's toolset is beside mcp-haystack's own, once with a static token and once with its OAuthConfig. Then the
server ends the token, and 50 parallel calls must make exactly one token request.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import anyio.to_thread
from haystack.utils import Secret

from benchmarks.authorization import MACHINE
from benchmarks.contenders import HAYSTACK, PERSON, PLAIN, VALETKEY, machine_token
from benchmarks.measuring import Effort, Findings
from benchmarks.rounds import Run, compare
from benchmarks.running import Server, running
from haystack_integrations.tools import mcp as upstream
from haystack_integrations.tools import mcp_oauth
from valetkey.httpx2 import OAuth
from valetkey.login import LoginPrompt
from valetkey.login.loopback import LoopbackLogin
from valetkey.settings import Settings

_CALLS = 50
_SECONDS = 0.1


async def measure(findings: Findings, effort: Effort, folder: Path) -> None:
    for answers in ("JSON", "SSE"):
        store = f"sqlite:///{folder}/credentials-{answers}.db"
        with running(json_response=answers == "JSON") as server, ExitStack() as stack:
            pool = stack.enter_context(ThreadPoolExecutor(_CALLS))
            toolsets = await anyio.to_thread.run_sync(_toolsets, server, store)
            for toolset in toolsets.values():
                await anyio.to_thread.run_sync(toolset.warm_up)
                stack.callback(toolset.close)
            blocking = {name: _calls_of(toolset, pool) for name, toolset in toolsets.items()}
            runs: dict[str, Run] = {name: partial(anyio.to_thread.run_sync, run) for name, run in blocking.items()}
            for name in (PLAIN, VALETKEY) if answers == "JSON" else runs:
                await runs[name]()  # opens the connections; who has one request at a time needs one
            case = f"{_CALLS} parallel calls of {_SECONDS * 1000:.0f} ms from threads, Haystack's toolset, {answers}"
            await compare(findings, effort, case, runs)
            if answers == "SSE":
                await anyio.to_thread.run_sync(_after_a_revocation, findings, server, blocking)


def _after_a_revocation(findings: Findings, server: Server, runs: dict[str, Callable[[], float]]) -> None:
    cells: dict[str, str] = {}
    for name in (VALETKEY, HAYSTACK):
        server.revoke()
        server.reset()
        runs[name]()
        count = server.log().count("POST /oauth/token")
        cells[name] = f"{count} token request{'s' if count > 1 else ''}"
    case = f"{_CALLS} parallel calls from Haystack, the token just revoked"
    findings.add(case, cells, 1)
    findings.demand(cells[VALETKEY] == "1 token request", f"{case}: {cells[VALETKEY]}")


def _toolsets(server: Server, store: str) -> dict[str, upstream.MCPToolset]:
    def show(prompt: LoginPrompt) -> None:
        PERSON.visit(str(prompt.authorization_url))

    login = OAuth(server.mcp_url, store=store, login=LoopbackLogin(show), settings=Settings(client_name="Haystack"))
    login.engine.replace(None)  # a person has logged in before, as with `warm_up` in a terminal
    static = upstream.StreamableHttpServerInfo(url=server.mcp_url, token=Secret.from_token(machine_token(server)))
    person = mcp_oauth.OAuthConfig(token_storage=store)
    machine = upstream.OAuthConfig(MACHINE[0], Secret.from_token(MACHINE[1]), issuer=server.url)
    return {
        PLAIN: upstream.MCPToolset(static),
        VALETKEY: mcp_oauth.MCPToolset(mcp_oauth.StreamableHttpServerInfo(url=server.mcp_url, oauth_config=person)),
        HAYSTACK: upstream.MCPToolset(upstream.StreamableHttpServerInfo(url=server.mcp_url, oauth_config=machine)),
    }


def _calls_of(toolset: upstream.MCPToolset, pool: ThreadPoolExecutor) -> Callable[[], float]:
    tool = next(tool for tool in toolset if tool.name == "slow")

    def run() -> float:
        started = time.perf_counter()
        for call in [pool.submit(tool.invoke, seconds=_SECONDS) for _ in range(_CALLS)]:
            call.result()
        return time.perf_counter() - started

    return run
