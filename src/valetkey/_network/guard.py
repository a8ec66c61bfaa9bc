# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The guard in front of the engine's own HTTP client: which request may leave, where to, and how large its answer may be.

Every request of the engine passes here and nowhere else. A URL is checked as text before anything happens, and every
address of its host before a connection is made to one of them (MCP Security Best Practices, SSRF).
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from valetkey import urls
from valetkey._network.addresses import AddressKind
from valetkey._network.resolver import Resolve, look_up
from valetkey.errors import InsecureEndpoint, IssuerMismatch, quote
from valetkey.wire import LONGEST_EXCHANGE, HttpRequest

LARGEST_BODY = 1_048_576
"""Bytes of an answer that are read; more is an error."""

_FORBIDDEN = frozenset({AddressKind.METADATA, AddressKind.RESERVED})


@dataclass(frozen=True, slots=True)
class Guard:
    """
    The rules of the network.

    :param server_url: The URL of the MCP server, which may lead to addresses of the kind it has itself; None allows
        only public addresses.
    :param named: URLs of authorization servers that the user has named; they may have any address.
    """

    server_url: str | None = None
    named: tuple[str, ...] = ()
    largest_body: int = LARGEST_BODY
    longest_exchange: float = LONGEST_EXCHANGE
    resolve: Resolve = look_up

    def check(self, request: HttpRequest) -> None:
        """
        Refuse a request that must not be sent, before any name is looked up.

        :raises InsecureEndpoint: If its URL is neither https nor on loopback, or hides where it leads.
        :raises IssuerMismatch: If a credential in it belongs to another issuer than the endpoint.
        """
        urls.require_endpoint(request.url, "address")
        for owner in request.credentials_of:
            if owner != request.issuer:
                message = f"A credential of {owner} was about to be sent to {request.issuer}."
                hint = "This is a fault of Valetkey; please report it."
                raise IssuerMismatch(message, hint=hint, expected=owner, received=request.issuer)

    def is_restricted(self, url: str, kind: AddressKind) -> bool:
        """
        Tell whether a URL that has an address of a kind is allowed only to an MCP server at such an address.

        :raises InsecureEndpoint: If no MCP server may lead there.
        """
        parts = urlsplit(url)
        if kind in _FORBIDDEN:
            raise self.refusal(url, kind)
        if parts.scheme.lower() == "http" and kind is not AddressKind.LOOPBACK:
            message = f"The address {quote(url)} is not encrypted, and leads to {kind.value}."
            hint = f"Make sure that {parts.hostname} is this computer's loopback interface, or use https."
            raise InsecureEndpoint(message, hint=hint, url=url)
        # The user has chosen the MCP server's own host, and a certificate has to prove that it is the right one.
        is_chosen = parts.hostname == self.server_host or any(urls.same_origin(url, named) for named in self.named)
        return kind is not AddressKind.PUBLIC and not is_chosen

    def refusal(self, url: str, kind: AddressKind) -> InsecureEndpoint:
        """Make the error of a refused URL. The address is left out of it: a hostile server may want to learn it."""
        hint = "See what your network's name server answers for this host, and tell the MCP server's operator."
        if kind not in _FORBIDDEN:
            hint = (
                "An MCP server may lead there only if it lives at such an address itself: if both are yours, "
                "use the MCP server's URL inside your network, or name the authorization server with issuer=."
            )
        return InsecureEndpoint(f"The address {quote(url)} leads to {kind.value}.", hint=hint, url=url)

    @property
    def server_host(self) -> str | None:
        """The host of the MCP server, in lower case."""
        return None if self.server_url is None else urlsplit(self.server_url).hostname
