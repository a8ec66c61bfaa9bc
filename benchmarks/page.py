# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The page that a run leaves behind: the machine, the table, and how it was measured."""

import os
import platform
from datetime import date
from importlib.metadata import version
from pathlib import Path

from benchmarks.contenders import FASTMCP, HAYSTACK, PLAIN, SDK, VALETKEY
from benchmarks.measuring import Effort, Row

_NAMES = (PLAIN, VALETKEY, SDK, FASTMCP, HAYSTACK)
_PACKAGES = ("valetkey", "mcp", "fastmcp", "mcp-haystack", "haystack-ai", "httpx2", "anyio")

_PAGE = """\
# Benchmarks

What Valetkey costs, and what it does under load, beside a plain bearer token, which is the limit, and beside its peers:
the provider of the MCP SDK, the client OAuth of FastMCP, and the `OAuthConfig` of mcp-haystack. `make bench WRITE=1`
measured all of it in one run and wrote this page; `make bench` measures less of the peers, writes nothing, and fails
when a bound is missed.

* Machine: {machine}
* {python}, Linux {kernel}
* {packages}
* Measured on {day}; load average of the machine {load}

A cell gives the median, in parentheses the smallest and the largest value, and behind × the median of the ratios to
the plain bearer token, pair by pair: the contenders take turns, so that what disturbs one disturbs the others. n is the
number of measurements; where it is 1, the case counts something or asks whether anything waits. (The imports of the
peers were measured 9 times.)

{table}

– means that a contender was not measured: it cannot do the case, or (of a plain bearer token) there is nothing to do.

## How it was measured

* All talk to [one server](../benchmarks/server.py) on this machine: an MCP server (FastMCP), plain answers, and
  [an authorization server](../benchmarks/authorization.py) that rotates refresh tokens and ends a grant when a spent
  one comes again. Its endpoints are those of its metadata, not the ones that MCP 2025-03-26 would guess.
* A person is a program that follows the redirect of the login at once. Valetkey and FastMCP use their real listeners;
  the MCP SDK leaves browser and listener to its user.
* mcp-haystack's `OAuthConfig` knows machines only (client credentials): no person logs in, there is no refresh token,
  and its cold start is not an interactive one.
* Starts: requests to the authorization server and for its metadata, without the one request that was wanted; "rejected"
  are answers 401. A round trip is the time of one answer when each takes 50 ms. A restart is a new auth object on the
  store that is kept: a SQLite file for Valetkey, the peers' stores in memory.
* Starts with a latency: [a relay](../benchmarks/relay.py) holds each answer by 50 ms and each new connection by 50 ms,
  and by 100 ms where it speaks TLS, which takes one round trip more. A start opens an MCP session with the SDK's client
  and calls one tool; the client opens connections of its own for that. The browser reaches the server without the
  relay, so neither its time nor its connections are in the figures. The authorization server has the origin of the MCP
  server, so Valetkey opens one connection more. The first round loads modules and is not counted.
* Tool calls go through one session of the MCP SDK's client; the rows of Haystack go through its MCP toolset, called
  from 50 threads: "plain bearer" is mcp-haystack's own toolset with a static token.
* Processor time of one request is measured on a transport that sends nothing, over the same request with a plain bearer
  token. That of a login and of a start is the time of this process for a whole MCP session, from making the HTTP
  client to the list of tools and the end of the session, without imports, the server and the person. × is the median
  of the ratios to the MCP SDK's provider for a login, and to the plain bearer token for a start.
* These two are measured in three ways. With one TLS context for all contenders, and Valetkey's sessions in a SQLite
  file, its default: the aims of 1.2 × and 1.1 × are missed there, and the run demands 1.45 × and 1.25 ×. With the
  sessions of Valetkey in memory, as the MCP SDK's provider has them here: demanded are 1.2 × for both. The rest is
  the file: a login makes three durable writes, takes two locks and reads 8 times, a start opens the file once. And
  with the file and the making of the HTTP client, which is part of every program's start and takes 20 to 30 ms for its
  TLS context: demanded are 1.2 × and 1.1 ×. The figure of a login contains Valetkey's listener, which the SDK leaves to
  its user.
* `valetkey bridge`: two sessions of the MCP SDK's client take turns, call by call, one over streamable HTTP with a
  plain bearer token, the other over stdio through a bridge that is logged in. What the bridge adds is the median of the
  differences of the pairs; demanded are at most 2 ms. Its start is that of a whole process, which is logged in.
* The renewal under steady load: requests of 100 ms, one after the other, past the end of the token's life of 10 s.
* Principals in one process: each of 50 users has an auth object (or a plain token of its own), with the sessions of
  all in one store in memory, and makes 40 calls, one after the other, through one HTTP client with a connection for
  each. All do so at the same time, in a process of their own for each contender. Demanded are at most 1.3 × the time of
  plain bearer tokens, and 6 MB more memory.
* Many sessions in one process: [a program](../benchmarks/renewing_program.py) has a session for each user. Its token
  ends at a moment of its own within five seconds, and then its user makes a call.
  [The server](../benchmarks/renewal_server.py) takes 200 ms for each token answer, so 32 at a time need 6.25 s for
  1,000, which is called the ideal; threads are those beyond the program's own. Meanwhile another user makes calls of
  100 ms, five at a time, which are compared with the same calls just before. The callers share one HTTP client that
  keeps five idle connections: it looks at each of them with every request, and that is not what is measured. Demanded
  are at most 1.5 × the ideal, 32 threads, and 1.5 × the quiet time of 99 of 100 calls. A bound that seems to be missed
  is measured twice more before it is believed.
* Where something may get stuck, it is ended after a few seconds, and the table says so.
* 20 processes on one store: each round, all of them start with the same expired token. The peers are left out: with
  every store, two of their processes may renew at once. What holds for the other backends, and when
  processes are killed, is in [durability.md](durability.md).
* Imports: each in a fresh interpreter that has imported httpx2 before. Valetkey loads its engine with the first
  `OAuth()`, so that has a row of its own.
* Memory: resident memory of a process of its own with {principals:,} sessions, each with its auth object and a token at
  hand, and a tenth of them for the MCP SDK; no HTTP clients.
"""


def write(path: Path, rows: list[Row], effort: Effort) -> None:
    """Write the page."""
    text = _PAGE.format(
        machine=_machine(),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        kernel=platform.release().partition("-")[0],
        packages=", ".join(f"{package} {version(package)}" for package in _PACKAGES),
        day=date.today().isoformat(),  # noqa: DTZ011 - a day is enough
        load=" ".join(f"{average:.1f}" for average in os.getloadavg()),
        table=table(rows),
        principals=effort.principals,
    )
    path.write_text(text, encoding="utf-8")


def table(rows: list[Row]) -> str:
    """Write the rows as a table of Markdown."""
    lines = ["| case | n | " + " | ".join(_NAMES) + " |", "| --- | ---: |" + " --- |" * len(_NAMES)]
    for row in rows:
        cells = [f"**{row.cells[name]}**" if name == VALETKEY else row.cells.get(name, "–") for name in _NAMES]
        lines.append(f"| {row.case} | {row.runs} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _machine() -> str:
    model = "processor unknown"
    information = Path("/proc/cpuinfo")
    if information.is_file():
        lines = information.read_text(encoding="utf-8").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    return f"{os.cpu_count()} cores, {model}"
