# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What `MCPHttpClient` is in both HTTP libraries: `valetkey.httpx2` and `valetkey.httpx` add the base class."""

from functools import partial
from types import ModuleType
from typing import Any, ClassVar

from valetkey._adapters.delivery import Delivery

TIMEOUT = 30.0
READ_TIMEOUT = 300.0
"""Seconds: what the MCP SDK sets. A server holds a stream open and may be silent on it."""


class DeliveringClient:
    """An `AsyncClient` of either library whose requests go through a `Delivery`."""

    _library: ClassVar[ModuleType]

    def __init__(
        self, headers: Any, timeout: Any, auth: Any, *, login_wait: float | None, follow_redirects: bool, **options: Any
    ) -> None:
        timeout = self._library.Timeout(TIMEOUT, read=READ_TIMEOUT) if timeout is None else timeout
        options.update(headers=headers, timeout=timeout, auth=auth, follow_redirects=follow_redirects)
        super().__init__(**options)
        self._delivery = Delivery(self._library, login_wait)

    async def send(self, request: Any, **options: Any) -> Any:
        """Send a request; a JSON-RPC message that is not delivered is answered with a JSON-RPC error."""
        return await self._delivery.send(request, partial(super().send, request, **options))  # type: ignore[misc]
