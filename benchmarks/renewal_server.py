# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A token endpoint and a protected resource for many sessions at once: `python -m benchmarks.renewal_server`.

It shares the processors with the program that is measured, so it reads HTTP itself. The refresh token of the session
`a` is `a.0` at first, then `a.1`, and so on; one that is spent counts as a reuse, and ends nothing. `/plain` wants an
access token that was issued here, or one of a user who is not measured (`user.…`).
"""

import argparse
import asyncio
import json
import os
import sys
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found"}


@dataclass(slots=True)
class Tokens:
    """Who has which token, and what was asked for."""

    seconds: float
    generations: Counter[str] = field(default_factory=Counter)
    issued: set[str] = field(default_factory=set)
    requests: int = 0
    reuses: int = 0
    under_way: int = 0
    most_under_way: int = 0

    async def refresh(self, body: bytes) -> tuple[int, dict[str, object]]:
        self.requests += 1
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.under_way -= 1
        name, _, generation = parse_qs(body.decode())["refresh_token"][0].rpartition(".")
        if generation != str(self.generations[name]):
            self.reuses += 1
            return 400, {"error": "invalid_grant"}
        self.generations[name] += 1
        access_token = f"{name}.access.{self.generations[name]}"
        self.issued.add(access_token)
        refresh_token = f"{name}.{self.generations[name]}"
        answer = {"access_token": access_token, "token_type": "Bearer", "expires_in": 3600}
        return 200, {**answer, "refresh_token": refresh_token}

    def accepts(self, authorization: str) -> bool:
        token = authorization.removeprefix("Bearer ")
        return token in self.issued or token.startswith("user.")

    def counts(self) -> dict[str, object]:
        return {"requests": self.requests, "reuses": self.reuses, "most_under_way": self.most_under_way}


async def serve(tokens: Tokens, port: int) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while await _answer(tokens, reader, writer):
                pass
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


async def _answer(tokens: Tokens, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Read a request and answer it; False at the end of the connection."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    method, target, _ = first.split(" ")
    fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
    body = await reader.readexactly(int(fields.get("content-length", "0")))
    url, status, extra = urlsplit(target), 200, ""
    document: object = {}
    if (method, url.path) == ("POST", "/token"):
        status, document = await tokens.refresh(body)
    elif url.path == "/counts":
        document = tokens.counts()
    elif url.path != "/plain":
        status = 404
    elif tokens.accepts(fields.get("authorization", "")):
        await asyncio.sleep(float(url.query.partition("=")[2] or 0))
    else:
        status, extra = 401, "WWW-Authenticate: Bearer\r\n"
    content = json.dumps(document).encode()
    start = f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: application/json\r\n{extra}"
    writer.write(f"{start}Content-Length: {len(content)}\r\n\r\n".encode() + content)
    await writer.drain()
    return fields.get("connection", "").lower() != "close"


def main() -> None:
    parser = argparse.ArgumentParser(prog="renewal_server")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=0.2, help="how long each token answer takes")
    options = parser.parse_args()
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    asyncio.run(serve(Tokens(options.seconds), options.port))


def _end_with_stdin() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
