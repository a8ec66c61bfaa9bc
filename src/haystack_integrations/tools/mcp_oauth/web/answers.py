# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What is answered to a request, as a value, and as the messages of ASGI."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from valetkey.login.page_design import header_fields

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its status, its header fields, its body."""

    status: int
    headers: Mapping[str, str] = field(default_factory=header_fields)
    body: bytes = b""

    async def send(self, send: Send, *, with_body: bool = True) -> None:
        """Send it, without its body for HEAD."""
        fields = {"Content-Length": str(len(self.body)), **self.headers}
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in fields.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body if with_body else b""})


def redirect(location: str) -> Answer:
    """Send the browser to another page, with GET (RFC 9110 §15.4.4)."""
    return Answer(303, {**header_fields(), "Location": location})


async def read_body(receive: Receive, longest: int) -> bytes | None:
    """Read the body of a request; None if it is longer than is read."""
    body, goes_on = b"", True
    while goes_on:
        message = await receive()
        body += message.get("body", b"")
        goes_on = message.get("more_body", False)
        if len(body) > longest:
            return None
    return body
