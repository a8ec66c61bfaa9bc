# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Running a bridge from the first line of the client to the last."""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from valetkey._cli.bridge.failures import Failure, failure_of
from valetkey._cli.bridge.http_client import BridgeOAuth, HttpClient
from valetkey._cli.bridge.ignored_tools import IgnoredTools
from valetkey._cli.bridge.mcp_session import McpSession
from valetkey._cli.bridge.messages import Unreadable, compose, read
from valetkey._cli.bridge.relay import Relay
from valetkey._cli.bridge.sse import Sse
from valetkey._cli.bridge.stdio import Stdio
from valetkey._cli.bridge.transports import StreamableHttp, Transport

if TYPE_CHECKING:
    from valetkey._cli.bridge.start_login import StartLogin
    from valetkey._cli.outcome import CommandFailed
    from valetkey.errors import AuthError

_FIRST_LINE = 2.0
"""Seconds for the client to send what can be answered with an error."""

_AT_THE_START = 45.0

_FOR_A_PIPE = 60.0
"""Seconds for the answers to what has come before an input that ends before the first answer."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a bridge leads to: `auth` is None where the user gives a credential with a header."""

    url: str
    auth: BridgeOAuth | None
    headers: Mapping[str, str] = field(repr=False)
    transports: Sequence[str] = ("http", "sse")
    ignored: Sequence[str] = ()
    login_wait: float | None = None
    login: "StartLogin | None" = None

    def patience(self) -> float | None:
        """Say how long a message waits for a token: longer at the start, where it waits for servers and no person."""
        if self.login is None or not self.login.is_elsewhere or self.login_wait is None:
            return self.login_wait
        return max(self.login_wait, _AT_THE_START)


async def serve(stdio: Stdio, plan: Plan, tell: Callable[[str], None]) -> Failure | None:
    """Carry messages until the client ends, or the process is to end; give what made the bridge useless."""
    client = HttpClient(plan.auth, plan.headers, plan.patience)
    relay = Relay(plan.url, stdio.write, tell, IgnoredTools(plan.ignored), plan.login, plan.login_wait)

    async def take(text: str) -> None:
        await session.take(text)

    made: dict[str, Callable[[], Transport]] = {
        "http": lambda: StreamableHttp(client, plan.url),
        "sse": lambda: Sse(client, plan.url, take),
    }
    session = McpSession([made[name]() for name in plan.transports], relay.hear, tell)
    relay.start(session)
    stdio.start(relay.receive)
    ended = asyncio.Event()
    _end_by_signals(ended)
    waiting = [asyncio.ensure_future(each.wait()) for each in (stdio.has_ended, relay.has_failed, ended)]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    if waiting[0].done() and not stdio.is_broken and not relay.has_answered:
        settling = asyncio.ensure_future(relay.settle())  # a person tries the bridge with a pipe
        await asyncio.wait({settling, *waiting[1:]}, timeout=_FOR_A_PIPE, return_when=asyncio.FIRST_COMPLETED)
        settling.cancel()
    for each in waiting:
        each.cancel()
    await relay.close()
    await client.close()
    stdio.flush()
    return None if relay.failure is not None and session.is_open else relay.failure


async def answer_with(stdio: Stdio, error: "AuthError | CommandFailed", url: str) -> None:
    """Answer the first request of the client with what keeps the bridge from its work."""
    answered = asyncio.Event()

    def receive(line: bytes) -> None:
        try:
            requests = read(line.decode("utf-8", "replace")).requests
        except Unreadable:
            return
        for request in requests.values():
            answer = compose(id=request.content["id"], error=failure_of(error, url).error)
            asyncio.ensure_future(stdio.write(answer.text)).add_done_callback(lambda _: answered.set())

    stdio.start(receive)
    waiting = [asyncio.ensure_future(each.wait()) for each in (answered, stdio.has_ended)]
    await asyncio.wait(waiting, timeout=_FIRST_LINE, return_when=asyncio.FIRST_COMPLETED)
    for each in waiting:
        each.cancel()
    stdio.flush()


def mute(*, debug: bool, silent: bool) -> None:
    """Let no stack trace of a library reach standard error, unless it is asked for."""
    if silent:
        logging.disable(logging.CRITICAL)
    elif not debug:
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)


def _end_by_signals(ended: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is None:
            continue
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(ended.set))
        else:
            loop.add_signal_handler(number, ended.set)
