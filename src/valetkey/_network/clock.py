# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The time limits of one exchange."""

import time

CONNECT_SECONDS = 5.0
"""Seconds for looking the host name up, connecting and the TLS handshake together."""


class ExchangeClock:
    """
    The time limits of the exchange that runs; started again for each exchange on the same connections.

    A time limit for each read would never end an exchange with a server that answers byte by byte. So every blocking
    call gets what is left of the whole exchange. `has_sent` tells whether a byte of the exchange has been sent.
    """

    def __init__(self) -> None:
        self.has_sent = False
        self._end = self._connecting_end = 0.0

    def start(self, longest_exchange: float) -> None:
        """Start an exchange."""
        now = time.monotonic()
        self.has_sent = False
        self._end = now + longest_exchange
        # Connecting has to end first: only then is it certain that the request was not sent.
        self._connecting_end = now + min(CONNECT_SECONDS, longest_exchange / 2)

    def left(self) -> float:
        """Seconds until the exchange has to be over; `TimeoutError` if it is over now."""
        return _positive(self._end)

    def left_to_connect(self) -> float:
        """Seconds until the connection has to be open; `TimeoutError` if they have passed."""
        return _positive(self._connecting_end)


def _positive(end: float) -> float:
    seconds = end - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds
