# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What Python itself reports of its doings (PEP 578): files that are opened, names that are looked up."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_recordings: list[tuple[frozenset[str], list[tuple[str, tuple[Any, ...]]]]] = []


def _record(event: str, arguments: tuple[Any, ...]) -> None:
    for events, recorded in _recordings:
        if event in events:
            recorded.append((event, arguments))


sys.addaudithook(_record)  # it cannot be taken back, and costs nothing while nobody records


@contextmanager
def audited(*events: str) -> Iterator[list[tuple[str, tuple[Any, ...]]]]:
    """
    Record audit events, of all threads.

    :param events: Their names, such as "open" or "socket.getaddrinfo".
    :returns: A context manager that gives the list of names and arguments.
    """
    recording: tuple[frozenset[str], list[tuple[str, tuple[Any, ...]]]] = (frozenset(events), [])
    _recordings.append(recording)
    try:
        yield recording[1]
    finally:
        _recordings.remove(recording)
