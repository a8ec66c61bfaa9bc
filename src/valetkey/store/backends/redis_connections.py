# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Connections to Redis: each is a client of redis-py with one connection, so that the queue before it is ours.

The pool of redis-py is passed by: it looks at a connection before each command, and counts.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NoReturn
from urllib.parse import parse_qsl, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from valetkey.store.backends.connection_queue import MOST_OPEN

_TIMEOUT_SECONDS = 5.0
"""Timeout of a connection, and of one answer; `socket_timeout` in the URL replaces it."""

_FULL = "max number of clients reached"


class Dialect:
    """
    How connections to Redis are opened and closed.

    :raises ValueError: If the URL cannot be read.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        pool = self._client().connection_pool
        pool.connection_class(**pool.connection_kwargs)  # does not connect
        is_given = any(name == "max_connections" for name, _ in parse_qsl(urlsplit(url).query))
        self.most: int = pool.max_connections if is_given else MOST_OPEN

    def __reduce__(self) -> NoReturn:
        message = "the address of a session store is not pickled: its password would be readable in the pickle"
        raise TypeError(message)

    def open(self) -> "redis.Redis":
        """Open a connection, and ask whether the server takes it."""
        client = self._client(single_connection_client=True)
        try:
            with suppress(redis.ResponseError):  # a user who may not ping
                client.ping()
        except BaseException:
            client.close()
            raise
        return client

    def close(self, connection: "redis.Redis") -> None:
        """Close a connection."""
        connection.close()

    def is_usable(self, connection: "redis.Redis") -> bool:  # noqa: ARG002 - as for every server
        """Every connection is usable: redis-py has closed one that failed, and connects it again."""
        return True

    def is_alive(self, connection: "redis.Redis") -> bool:
        """Tell whether there is nothing to read, which would be the end of the connection."""
        try:
            return connection.connection is not None and not connection.connection.can_read(0)
        except (redis.RedisError, OSError):
            return False

    def is_full(self, error: Exception) -> bool:
        """Tell whether the server has said that it takes no more connections."""
        return isinstance(error, redis.ConnectionError) and _FULL in str(error)

    def _client(self, **options: Any) -> "redis.Redis":
        return redis.Redis.from_url(
            self._url,
            **options,
            protocol=2,  # the older one, which every server speaks
            decode_responses=False,
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )


def send_together(client: "redis.Redis", commands: Sequence[tuple[str | int, ...]]) -> list[Any]:
    """Send commands at once and give their answers: a pipeline of redis-py would open a connection of its own."""
    connection: Any = client.connection
    try:
        connection.send_packed_command(connection.pack_commands(commands))
        answers = [_answer(connection) for _ in commands]
    except BaseException:
        connection.disconnect()  # or the next command would read an answer of these
        raise
    for error in answers:
        if isinstance(error, redis.ResponseError):
            raise error
    return answers


def _answer(connection: Any) -> Any:
    try:
        return connection.read_response()
    except redis.ResponseError as error:  # the other answers have to be read too
        return error
