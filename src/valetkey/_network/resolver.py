# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Looking host names up, in threads that no other thread has to wait for.

The system's resolver cannot be interrupted. Its threads are daemons, so that a name server that does not answer delays
neither an exchange nor the end of the process.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future

from valetkey._network.addresses import Address, address_of
from valetkey._network.hosts import numeric_address

Resolve = Callable[[str, int], Iterable[str]]
"""The seam: gives the addresses of a host in the order to try them; `OSError` when there are none. It may block."""


def look_up(host: str, port: int) -> list[str]:
    """Ask the system: its hosts file, its name servers."""
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # an empty label, or one that is too long
        raise socket.gaierror(socket.EAI_NONAME, "is not a host name") from error
    return [_text_of(*entry[4]) for entry in entries]


def _text_of(address: object, *others: object) -> str:
    """Write an address with its zone, which `getaddrinfo` gives apart: `.local` names often have link-local ones."""
    zone = others[2] if len(others) == 3 else 0
    return f"{address}%{zone}" if zone else str(address)


def addresses_of(host: str, port: int, resolve: Resolve, seconds: float) -> tuple[Address, ...]:
    """
    Give all addresses of a host, each once, at least one. A lookup that takes too long goes on in the background.

    :raises OSError: If there is no such host.
    :raises TimeoutError: If looking it up takes longer than `seconds`.
    """
    numeric = numeric_address(host)
    if numeric is not None:
        return (numeric,)
    addresses = tuple(dict.fromkeys(map(address_of, start_lookup(resolve, host, port).result(seconds))))
    if not addresses:
        raise socket.gaierror(socket.EAI_NONAME, "has no address")
    return addresses


_SHARED_SECONDS = 1.0
"""For how long others join a lookup; one that takes longer may hang because of a network that has come back since."""

_Name = tuple[Resolve, str, int]
_latest: dict[_Name, tuple[Future[Iterable[str]], float, int]] = {}  # with when it began, and in which process


def start_lookup(resolve: Resolve, host: str, port: int) -> Future[Iterable[str]]:
    """Start a lookup in a daemon thread of its own, or join one of the same host that was started a moment ago."""
    name, now = (resolve, host, port), time.monotonic()
    running, began_at, process = _latest.get(name, (None, 0.0, 0))
    if running is not None and not running.done() and process == os.getpid() and now - began_at < _SHARED_SECONDS:
        return running
    future: Future[Iterable[str]] = Future()
    _latest[name] = future, now, os.getpid()  # two that begin at the same time do no harm
    future.add_done_callback(lambda _: _latest.pop(name, None))

    def run() -> None:
        try:
            addresses = resolve(host, port)
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is read
            future.set_exception(error)
        else:
            future.set_result(addresses)

    try:
        threading.Thread(target=run, name="valetkey-lookup", daemon=True).start()
    except RuntimeError:  # Python 3.12 starts no thread while the process ends
        run()
    return future
