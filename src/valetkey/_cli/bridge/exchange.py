# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""One parcel on its way: which answers it waits for, and who gets what the server says meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from valetkey._cli.bridge.failures import ServerSays
from valetkey._cli.bridge.messages import Message, Parcel, Unreadable, asked_as, read

EXCHANGE = "valetkey.bridge"
"""The extension of a request with the exchange that it belongs to."""

Hear = Callable[[Parcel, dict[str, Message]], Awaitable[None]]
"""Gets what the server says, and the requests that are answered in it, by the keys of the answers."""


@dataclass
class Exchange:
    """
    A parcel on its way to the server, and its answers on their way back.

    `may_log_in` if a person may be asked for it; `is_with_server` from when it is sent until the server asks for
    another token instead; `is_cancelled` when its sender wants no answer any more; `opened` has the header fields of
    the MCP session that it has opened; `done` is set when no answer is waited for any more.
    """

    parcel: Parcel
    hear: Hear
    may_log_in: bool = True
    pending: dict[str, Message] = field(init=False)
    is_with_server: bool = False
    is_cancelled: bool = False
    opened: dict[str, str] = field(default_factory=dict)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.pending = self.parcel.requests

    @property
    def is_untouched(self) -> bool:
        """Tell whether no answer has come yet."""
        return len(self.pending) == len(self.parcel.requests)

    async def take(self, text: str) -> None:
        """Take what the server says; what is no JSON-RPC reaches no client."""
        try:
            said = read(text)
        except Unreadable:
            return
        error = said.messages[0].content.get("error")
        if self.pending and said.text[0] == "{" and said.messages[0].key in (None, "null") and isinstance(error, dict):
            raise ServerSays(error)  # the server could not read the id, and there is no other request it could mean
        answered = {
            each.key: self.pending.pop(key)
            for each in said.messages
            if each.is_answer and each.key and (key := asked_as(each.key, self.pending)) in self.pending
        }
        await self.hear(said, answered)
        if not self.pending:
            self.done.set()
