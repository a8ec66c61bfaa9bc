# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Calls of an MCP server through the adapters' own flow, and when each tab, registration and token request was made."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.fakes.authorization_server import MCP, REGISTER, TOKEN
from tests.fakes.world import World
from valetkey._adapters.steps import CurrentToken, IsOutdated, OtherToken, steps_of
from valetkey._engine.engine import Engine
from valetkey.errors import AuthError
from valetkey.seams import Seams
from valetkey.wire import HttpRequest, HttpResponse

Challenged = tuple[int, str] | None
"""The status and the challenge of a rejection; None for a call that is accepted."""


@dataclass
class Program:
    """Programs that share one world, and call an MCP server that answers as it likes."""

    world: World
    answers: Callable[[str | None], Challenged]
    settings: dict[str, Any] = field(default_factory=dict)
    made: list[tuple[str, float]] = field(default_factory=list)
    login: Any = None

    def engine(self) -> Engine:
        """Start a program."""
        return Engine(self.world.settings(**self.settings), self.world.store, self._seams())

    def _seams(self) -> Seams:
        changes = {} if self.login is None else {"login": self.login}
        return self.world.seams(send=self._send, **changes)

    def _send(self, request: HttpRequest) -> HttpResponse:
        if request.url in (TOKEN, REGISTER) and request.method == "POST":
            self.made.append((request.url, self.world.clock.time))
        return self.world.send(request)

    def call(self, engine: Engine) -> AuthError | int:
        """Call the server; give its last status, or the error."""
        try:
            return self._call(engine)
        except AuthError as error:
            return error

    def _call(self, engine: Engine) -> int:
        request = httpx2.Request("POST", MCP, json={"jsonrpc": "2.0", "id": 1, "method": "tools/call"})
        steps, result, status = steps_of(engine, request), None, 0
        with suppress(StopIteration):
            while True:
                match steps.send(result):
                    case CurrentToken():
                        result = engine.current()
                    case OtherToken(rejected, challenges):
                        result = engine.replace(rejected, challenges)
                    case IsOutdated(token):
                        result = engine.is_outdated(token)
                    case sent:
                        credential = sent.headers.get("Authorization", "").partition(" ")[2]
                        challenged = self.answers(credential or None)
                        status = 200 if challenged is None else challenged[0]
                        fields = {} if challenged is None else {"WWW-Authenticate": challenged[1]}
                        result = httpx2.Response(status, headers=fields, request=sent)
        return status

    def tabs(self) -> int:
        """How often a person was asked."""
        return len(self.world.person.asked)

    def requests(self, url: str) -> int:
        """How many requests an endpoint got."""
        return sum(each == url for each, _ in self.made)

    def most(self) -> int:
        """Of tabs, registrations and token requests, whichever are the most."""
        return max(self.tabs(), self.requests(TOKEN), self.requests(REGISTER))
