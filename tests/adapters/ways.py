# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The ways a program can use the adapters: two libraries, sync or in an event loop of asyncio or trio."""

import importlib
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any

import anyio

from valetkey.store.backends.memory import MemoryStore

_TLS = ssl.create_default_context()  # making one for each client takes longer than everything else


@dataclass(frozen=True)
class Way:
    """
    One of them.

    :param library_name: "httpx" or "httpx2".
    :param mode: "sync", "asyncio" or "trio".
    """

    library_name: str
    mode: str

    @property
    def library(self) -> ModuleType:
        """The HTTP library."""
        return importlib.import_module(self.library_name)

    @property
    def oauth(self) -> Callable[..., Any]:
        """The adapter of the library."""
        return importlib.import_module(f"valetkey.{self.library_name}").OAuth

    def auth(self, server: Any, **settings: Any) -> Any:
        """
        Make the auth object for a server whose person is at hand.

        :param server: The server.
        :param settings: Further settings.
        :returns: The object.
        """
        return self.oauth(server.url, **{"login": server.person, "store": MemoryStore(), **settings})

    def send(self, auth: Any, *requests: tuple[Any, ...], **options: Any) -> list[Any]:
        """
        Send requests one after the other, with one client.

        :param auth: The auth object, or None.
        :param requests: Method, URL and perhaps further arguments of each.
        :param options: Options of the client.
        :returns: The responses.
        """
        if self.mode == "sync":
            with self.client(auth, **options) as client:
                return [self._request(client, request) for request in requests]
        return anyio.run(partial(self._send, auth, requests, options), backend=self.mode)

    def send_at_once(self, auth: Any, requests: Sequence[tuple[Any, ...]]) -> list[Any]:
        """
        Send requests at the same time, in threads or tasks, with one client.

        :param auth: The auth object.
        :param requests: The requests.
        :returns: The responses.
        """
        if self.mode != "sync":
            return anyio.run(partial(self._send_at_once, auth, requests), backend=self.mode)
        with self.client(auth) as client, ThreadPoolExecutor(len(requests)) as pool:
            return list(pool.map(partial(self._request, client), requests))

    def client(self, auth: Any, **options: Any) -> Any:
        """
        Make a client.

        :param auth: The auth object, or None.
        :param options: Its options.
        :returns: A sync or an async client of the library.
        """
        kind = self.library.Client if self.mode == "sync" else self.library.AsyncClient
        limits = self.library.Limits(max_connections=100)
        usual = {"timeout": 20.0, "trust_env": False, "verify": _TLS, "limits": limits}
        return kind(auth=auth, **{**usual, **options})

    def stream(self, *pieces: bytes) -> Iterator[bytes] | AsyncIterator[bytes]:
        """
        Make a body that can be read once.

        :param pieces: What it is made of.
        :returns: A generator.
        """
        return iter(_pieces(pieces)) if self.mode == "sync" else _pieces_async(pieces)

    @staticmethod
    def _request(client: Any, request: tuple[Any, ...]) -> Any:
        method, url, *arguments = request
        return client.request(method, url, **(arguments[0] if arguments else {}))

    async def _send(self, auth: Any, requests: Sequence[tuple[Any, ...]], options: dict[str, Any]) -> list[Any]:
        async with self.client(auth, **options) as client:
            return [await self._request(client, request) for request in requests]

    async def _send_at_once(self, auth: Any, requests: Sequence[tuple[Any, ...]]) -> list[Any]:
        responses: dict[int, Any] = {}

        async def send(number: int, request: tuple[Any, ...]) -> None:
            responses[number] = await self._request(client, request)

        async with self.client(auth) as client, anyio.create_task_group() as tasks:
            for number, request in enumerate(requests):
                tasks.start_soon(send, number, request)
        return [responses[number] for number in range(len(requests))]


WAYS = [Way(library, mode) for library in ("httpx", "httpx2") for mode in ("sync", "asyncio", "trio")]


def _pieces(pieces: Sequence[bytes]) -> Iterator[bytes]:
    yield from pieces


async def _pieces_async(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
