# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
An MCP client as a user writes it: Valetkey's `OAuth` on the HTTP client, and the MCP SDK over it.

As a program, `python -m tests.interop.client URL` with the settings as JSON on its standard input, it is the next
process of that user.
"""

import json
import logging
import sys
from dataclasses import dataclass
from typing import Any

import anyio
import httpx2
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from valetkey.httpx2 import OAuth
from valetkey.settings import Settings

_SECONDS = 30.0

PURPOSES = {
    "read what the MCP server says about its login": "resource metadata",
    "read what the authorization server offers": "server metadata",
    "register this program as a client": "registration",
    "let the person log in": "login",
    "exchange the code for a token": "code",
    "renew the token": "refresh",
    "prove this machine and get a token": "client credentials",
    "begin a login on another device": "device",
    "ask whether the person has logged in": "device code",
}
"""Short names for what Valetkey does and logs; whatever is missing here keeps the words of the log."""


@dataclass(frozen=True)
class Exchange:
    """
    Something Valetkey did besides passing on the requests of the MCP client.

    :param what: What for: a value of `PURPOSES`.
    :param url: Where.
    :param outcome: The status of the answer, or what came instead.
    """

    what: str
    url: str
    outcome: str


class Exchanges(logging.Handler):
    """Collects what Valetkey logs about its own requests, while the context is open."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.seen: list[Exchange] = []
        self._logger = logging.getLogger("valetkey.requests")

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line of the log."""
        purpose, url, outcome = (str(getattr(record, name)) for name in ("purpose", "url", "outcome"))
        self.seen.append(Exchange(PURPOSES.get(purpose, purpose), url, outcome))

    def __enter__(self) -> "Exchanges":
        self._level = self._logger.level
        self._logger.setLevel(logging.INFO)
        self._logger.addHandler(self)
        return self

    def __exit__(self, *error: object) -> None:
        self._logger.removeHandler(self)
        self._logger.setLevel(self._level)


def whoami(auth: OAuth, url: str) -> tuple[list[str], Any]:
    """
    Connect, look which tools there are, and call one.

    :param auth: The auth object.
    :param url: The MCP server.
    :returns: The names of the tools, and what `whoami` answered.
    """
    return anyio.run(_whoami, auth, url)


async def _whoami(auth: OAuth, url: str) -> tuple[list[str], Any]:
    async with (
        httpx2.AsyncClient(auth=auth, timeout=_SECONDS, trust_env=False) as http,
        streamable_http_client(url, http_client=http) as (reading, writing),
        ClientSession(reading, writing) as session,
    ):
        await session.initialize()
        tools = await session.list_tools()
        result = await session.call_tool("whoami")
        if result.is_error:
            raise AssertionError(result.content)
        return [tool.name for tool in tools.tools], json.loads(result.content[0].text)


def main(url: str) -> None:
    """
    Call `whoami` with the session that is in the store, and print what that took.

    :param url: The MCP server.
    """
    given = json.load(sys.stdin)
    auth = OAuth(url, store=given["store"], settings=Settings(**given["settings"]))
    with Exchanges() as exchanges:
        tools, answer = whoami(auth, url)
    seen = [(exchange.what, exchange.url, exchange.outcome) for exchange in exchanges.seen]
    sys.stdout.write(json.dumps({"tools": tools, "answer": answer, "exchanges": seen}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
