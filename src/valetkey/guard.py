# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The guard in front of the engine's own HTTP client: which request may leave, and how much may come back.

Every request of the engine passes here and nowhere else. It does not look at addresses yet: a name that resolves to
a private address is still asked, see SECURITY.md.
"""

from dataclasses import dataclass

from valetkey import urls
from valetkey.errors import IssuerMismatch
from valetkey.wire import HttpRequest

LARGEST_BODY = 1_048_576
"""Bytes of an answer that are read; more is an error."""

LONGEST_EXCHANGE = 10.0
"""Seconds from the first byte sent to the last byte received."""


@dataclass(frozen=True, slots=True)
class Guard:
    """
    The rules of the network.

    :param largest_body: Bytes.
    :param longest_exchange: Seconds.
    """

    largest_body: int = LARGEST_BODY
    longest_exchange: float = LONGEST_EXCHANGE

    def check(self, request: HttpRequest) -> None:
        """
        Let a request pass, or stop it before anything is sent.

        :param request: The request.
        :raises InsecureEndpoint: If its URL is neither https nor on loopback, or hides where it leads.
        :raises IssuerMismatch: If a credential in it belongs to another issuer than the endpoint.
        """
        urls.require_endpoint(request.url, "address")
        for owner in request.credentials_of:
            if owner != request.issuer:
                message = f"A credential of {owner} was about to be sent to {request.issuer}."
                hint = "This is a fault of Valetkey; please report it."
                raise IssuerMismatch(message, hint=hint, expected=owner, received=request.issuer)
