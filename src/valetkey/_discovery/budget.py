# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What one attempt has asked so far to find a login, and the error once that is enough."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from valetkey import urls
from valetkey._policy.discovery_limits import DiscoveryLimits
from valetkey.errors import TemporaryError, Unsupported, quote

_WAY_OUT = "give client_id, authorization_endpoint and token_endpoint"


@dataclass(slots=True)
class Budget:
    """Counts requests, redirects and seconds of one attempt; one thread uses it. The time of a person is not in it."""

    monotonic: Callable[[], float] = time.monotonic
    limits: DiscoveryLimits = field(default_factory=DiscoveryLimits)
    requests: int = 0
    redirects: int = 0
    seconds: float = 0.0

    @contextmanager
    def spending(self) -> Iterator[None]:
        """Count one request, and the time that it takes."""
        started = self.monotonic()
        self.requests += 1
        try:
            yield
        finally:
            self.seconds += self.monotonic() - started

    def takes_redirect(self) -> bool:
        """Count one redirect; False if it is one too many."""
        if self.redirects >= self.limits.redirects or self.is_spent:
            return False
        self.redirects += 1
        return True

    @property
    def is_spent(self) -> bool:
        """True if no further request may be sent."""
        return self.requests >= self.limits.requests or self.seconds >= self.limits.seconds

    def require_rest(self, url: str, tried: tuple[str, ...]) -> None:
        """
        Make sure that another request may be sent, to `url`.

        :raises TemporaryError: If the servers are so slow that the time is over.
        :raises Unsupported: If there were as many requests as one attempt sends.
        """
        if self.seconds >= self.limits.seconds:
            message = f"To find the login took more than {self.limits.seconds:g} s, so {_place(url)} was not asked."
            raise TemporaryError(message, hint=f"Try again later, or {_WAY_OUT}.").with_tried(tried)
        if self.requests >= self.limits.requests:
            message = f"To find the login took {self.limits.requests} requests, so {_place(url)} was not asked."
            raise Unsupported(message, hint=f"Tell the MCP server's operator, or {_WAY_OUT}.", tried=tried)


def _place(url: str) -> str:
    return quote(urls.without_query(url))
