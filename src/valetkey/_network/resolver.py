# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Looking host names up, in threads that no other thread has to wait for.

The system's resolver cannot be interrupted. Its threads are daemons, so that a name server that does not answer delays
neither an exchange nor the end of the process.
"""

import socket
import threading
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


def start_lookup(resolve: Resolve, host: str, port: int) -> Future[Iterable[str]]:
    """Start a lookup in a daemon thread of its own."""
    future: Future[Iterable[str]] = Future()

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
