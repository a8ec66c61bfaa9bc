# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which proxy the environment names for a URL: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY."""

import ipaddress
import re
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from valetkey._network.hosts import without_last_dots

_DEFAULT_PORTS = {"https": 443, "http": 80}
_ENTRY = re.compile(r"\[(?P<address>[^\]]*)\](?::(?P<its_port>\d+))?|(?P<host>[^:]+)(?::(?P<port>\d+))?")


def proxy_for(url: str) -> str | None:
    """Give the URL of the proxy for a URL; None for a direct connection."""
    parts = urlsplit(url)
    proxies = getproxies()
    scheme = parts.scheme.lower()
    proxy = proxies.get(scheme) or proxies.get("all")
    exempt = proxies.get("no", "")
    port = parts.port or _DEFAULT_PORTS.get(scheme, 0)
    if not proxy or _is_exempt(parts.hostname or "", port, exempt):
        return None
    if not exempt and proxy_bypass(parts.netloc):  # what the settings of macOS and Windows say
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _is_exempt(host: str, port: int, no_proxy: str) -> bool:
    """`urllib` compares ports only where a URL writes one, and knows no networks; httpx, curl and Go do both."""
    return any(
        _matches(entry.lower(), without_last_dots(host), port) for entry in re.split(r"[,\s]+", no_proxy) if entry
    )


def _matches(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    if "/" in entry:
        return _is_in_network(host, entry)
    address = _address(host)
    if address is not None and address == _address(entry):  # an IPv6 address without brackets and port
        return True
    named = _ENTRY.fullmatch(entry)
    if named is None or (named["port"] or named["its_port"] or str(port)) != str(port):
        return False
    if address is not None:
        return address == _address(named["address"] or named["host"])
    only_below = entry.startswith("*.")
    domain = (named["host"] or "").removeprefix("*").strip(".")
    return bool(domain) and (host.endswith(f".{domain}") or (host == domain and not only_below))


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_in_network(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
