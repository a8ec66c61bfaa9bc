# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What Python itself reports of its doings (PEP 578): files that are opened, names that are looked up."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

Listener = Callable[[str, tuple[Any, ...]], None]

_listeners: list[Listener] = []


@contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """
    Tell a listener of each audit event, of all threads.

    No test that is counted does so: Python 3.11 refuses a new thread its trace function while another thread is in the
    hook, so that threads of whichever test runs next would end under coverage before they have begun.

    :param listener: Is called with the name and the arguments of each event.
    """
    _begin()
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


@contextmanager
def audited(*events: str) -> Iterator[list[tuple[str, tuple[Any, ...]]]]:
    """
    Record audit events, of all threads.

    :param events: Their names, such as "open" or "socket.getaddrinfo".
    :returns: A context manager that gives the list of names and arguments.
    """
    recorded: list[tuple[str, tuple[Any, ...]]] = []

    def record(event: str, arguments: tuple[Any, ...]) -> None:
        if event in events:
            recorded.append((event, arguments))

    with heard_by(record):
        yield recorded


@cache
def _begin() -> None:
    assert sys.gettrace() is None, "a test that hears of audit events is not counted"
    sys.addaudithook(_tell)  # it cannot be taken back, and costs little while there is no listener


def _tell(event: str, arguments: tuple[Any, ...]) -> None:
    for listener in _listeners:
        listener(event, arguments)
