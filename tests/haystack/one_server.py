# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The two neighbours of the gate: an engine with a token, and the error by which the SDK hands an answer on."""

from dataclasses import replace

from tests.adapters.raised import as_raised_by_the_sdk
from tests.fakes.world import a_session
from valetkey._engine.acceptance import Acceptance
from valetkey._engine.legs import Legs
from valetkey.values import Secret, Token

__all__ = ["TOKEN", "OneServer", "as_raised_by_the_sdk"]

TOKEN = Token(access_token=Secret("the-token"), obtained_at=0.0)


class OneServer:
    """An engine that has a token for https://mcp.example.com."""

    legs = Legs("https://mcp.example.com/mcp")
    acceptance = Acceptance(lambda: 0.0)

    def __init__(self):
        self.session = replace(a_session(), token=TOKEN, login="first")

    def serves(self, url):
        return url.startswith("https://mcp.example.com/")

    async def current_async(self):
        return self.session.token if self.session is not None else None
