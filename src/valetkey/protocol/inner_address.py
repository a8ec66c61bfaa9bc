# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Servers behind a proxy that they do not know of: they publish the address that they have inside."""

import ipaddress
from urllib.parse import SplitResult, urlsplit

from valetkey import urls

_INSIDE = (
    "The server seems to stand behind a proxy and not to know its public address: its operator has to set its public "
    "URL (often PUBLIC_URL, BASE_URL or the issuer), or let it trust the proxy's X-Forwarded-Proto and X-Forwarded-Host"
)


def inside_hint(asked: str, named: str) -> str | None:
    """
    Say what an operator has to set if a server that was asked at one URL names another one as its inside does.

    That is plain http where https was asked, another port of the same host, or a host that only the inside has.
    None if it does not look so.
    """
    outer, inner = _parts(asked), _parts(named)
    if outer is None or inner is None or urls.is_loopback_host(outer.hostname or ""):
        return None
    is_plain = (outer.scheme, inner.scheme) == ("https", "http")
    is_other_port = outer.hostname == inner.hostname and _port(outer) != _port(inner)
    return f"{_INSIDE}." if is_plain or is_other_port or _is_inside(inner.hostname or "") else None


def _parts(url: str) -> SplitResult | None:
    if len(url) > urls.LONGEST_URL:
        return None
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    return parts if parts.scheme in ("https", "http") and host else None


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _is_inside(host: str) -> bool:
    """Tell whether a host is this computer, has an address of a private network, or a name without a domain."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host
