# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Where a link leads that a person's browser opens, by the same rules as our own requests.

A page of a router or of a program on this computer acts on a GET, and the browser sends its cookies along. The browser
may look a name up elsewhere, or later: what is judged is what this computer finds now.
"""

from urllib.parse import urlsplit

from valetkey import urls
from valetkey._network.addresses import AddressKind, kind_of
from valetkey._network.clock import ExchangeClock
from valetkey._network.guard import Guard
from valetkey._network.hosts import kind_of_host, without_last_dots
from valetkey._network.locality import Locality
from valetkey._network.proxies import proxy_of
from valetkey._network.resolver import addresses_of
from valetkey.values import Secret

_WAY_ON = "If you trust that page, give its address as authorization_endpoint=."


def judge_link(url: str, guard: Guard, locality: Locality, chosen: Secret | None = None) -> None:
    """
    Refuse a link that leads to a place where the MCP server may not lead; `chosen` is the user's own proxy.

    :raises InsecureEndpoint: If it leads there, now and here.
    :raises TemporaryError: If that depends on where the MCP server lives, and it cannot be reached.
    """
    urls.require_endpoint(url, "link")
    clock = ExchangeClock()
    clock.start(guard.longest_exchange)
    for kind in _kinds(url, guard, clock, chosen):
        if guard.is_restricted(url, kind) and not locality.is_at(kind, clock):
            refusal = guard.refusal(url, kind)
            hint = f"{refusal.hint} {_WAY_ON}"
            raise refusal.with_hint(hint)


def _kinds(url: str, guard: Guard, clock: ExchangeClock, chosen: Secret | None) -> tuple[AddressKind, ...]:
    """Give the kinds of the addresses of a link; none for a name that is not known here."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    certain = kind_of_host(host)
    if certain is not None:
        return (certain,)
    if proxy_of(url, chosen) is not None:  # the proxy looks names up
        return ()
    try:
        # A hosts file has names without their last dot.
        addresses = addresses_of(without_last_dots(host), parts.port or 443, guard.resolve, clock.left_to_connect())
    except OSError:  # also TimeoutError: the browser may use another name server
        return ()
    return tuple(dict.fromkeys(map(kind_of, addresses)))
