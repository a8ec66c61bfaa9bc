# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Looking host names up, in threads that nobody has to wait for.

The system's resolver cannot be interrupted. Its threads are daemons, so that a name server that does not answer holds
up neither an exchange nor the end of the process, as the pools of `asyncio` and `anyio` would.
"""

import socket
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from valetkey._network.addresses import Address, address_of
from valetkey.waiting import wait_for_future

Resolve = Callable[[str, int], Iterable[str]]
"""The seam: gives the addresses of a host in the order to try them; `OSError` when there are none. It may block."""


def look_up(host: str, port: int) -> list[str]:
    """
    Ask the system: its hosts file, its name servers.

    :param host: The host name.
    :param port: The port.
    :returns: The addresses.
    :raises OSError: If there is no such host.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # an empty label, or one that is too long
        raise socket.gaierror(socket.EAI_NONAME, "is not a host name") from error
    return [str(entry[4][0]) for entry in found]


def numeric_address(host: str) -> Address | None:
    """
    Read a host that is no name but an address, in any notation the system knows: also 127.1, 0x7f000001, 2130706433.

    :param host: The host, without brackets.
    :returns: The address, None for a name; nobody is asked.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return None
    return address_of(str(found[0][4][0]))


async def addresses_of(host: str, port: int, resolve: Resolve) -> tuple[Address, ...]:
    """
    Give all addresses of a host; a caller that is cancelled leaves the resolver alone.

    :param host: A name or an address.
    :param port: The port.
    :param resolve: Looks the name up.
    :returns: The addresses, each once, at least one.
    :raises OSError: If there is no such host.
    """
    numeric = numeric_address(host)
    if numeric is not None:
        return (numeric,)
    found = await wait_for_future(DaemonThreadPool().submit(resolve, host, port), None)
    addresses = tuple(dict.fromkeys(map(address_of, found)))
    if not addresses:
        raise socket.gaierror(socket.EAI_NONAME, "has no address")
    return addresses


class DaemonThreadPool(ThreadPoolExecutor):
    """A pool whose shutdown waits for nobody: every call runs in a daemon thread of its own."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """
        Start a call.

        :param fn: What to call.
        :param args: With what.
        :param kwargs: With what.
        :returns: The future of its result.
        """
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()  # who gives up does not take the place of its result away

        def run() -> None:
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - it belongs to who waits
                future.set_exception(error)
            else:
                future.set_result(result)

        try:
            threading.Thread(target=run, name="valetkey-lookup", daemon=True).start()
        except RuntimeError:  # Python 3.12 starts no thread while the process ends: then this one waits
            run()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """
        Let go of what still runs.

        :param wait: Of no effect.
        :param cancel_futures: Of no effect.
        """
