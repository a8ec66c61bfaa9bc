# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Connecting to the addresses that were checked, and to no others: the name is not looked up a second time.

To the server nothing changes: certificate, SNI and the Host field go by the host's name.
"""

import ssl
from collections import deque
from collections.abc import Sequence

import anyio
import httpx2

from valetkey._network.addresses import Address


class PinnedTransport(httpx2.AsyncBaseTransport):
    """
    A transport of httpx2 that tries addresses one after the other until one takes the connection.

    :param addresses: The addresses.
    :param tls: Whom to trust.
    :param deadline: When connecting has to be over, by the clock of the event loop.
    """

    def __init__(self, addresses: Sequence[Address], tls: ssl.SSLContext, deadline: float) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._connections = httpx2.AsyncHTTPTransport(verify=tls, trust_env=False)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """
        Send a request.

        :param request: The request, with the host's name in its URL.
        :returns: The response of the first address that took the connection.
        """
        waiting = deque(self._addresses)
        while True:
            address = waiting.popleft()
            left = max(self._deadline - anyio.current_time(), 0.0)
            try:
                return await self._connections.handle_async_request(_at(address, request, left / (len(waiting) + 1)))
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                if not waiting or certificate_fault(error) is not None:
                    raise

    async def aclose(self) -> None:
        """Close the connection."""
        await self._connections.aclose()


def _at(address: Address, request: httpx2.Request, seconds: float) -> httpx2.Request:
    """The same request for one address; the Host field is in its headers already."""
    return httpx2.Request(
        request.method,
        request.url.copy_with(host=str(address)),
        headers=request.headers,
        stream=request.stream,
        extensions={
            **request.extensions,
            "sni_hostname": request.url.raw_host.decode("ascii"),
            "timeout": {**request.extensions["timeout"], "connect": seconds},
        },
    )


def certificate_fault(error: BaseException) -> ssl.SSLCertVerificationError | None:
    """
    Find out whether a connection failed because of the server's certificate.

    :param error: What the HTTP library raised.
    :returns: The cause, None if it is another one.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause
        cause = cause.__cause__ or cause.__context__
    return None
