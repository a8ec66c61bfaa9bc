# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which proxy the environment names for a URL: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY."""

import ipaddress
import os
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from valetkey._network.addresses import AddressKind
from valetkey._network.hosts import kind_of_host, without_last_dots
from valetkey.errors import ConfigurationError
from valetkey.errors.redaction import revealed
from valetkey.settings.network import NO_PROXY, PROXY_HINT, proxy_fault
from valetkey.store.passwords import passwords_in
from valetkey.values import Secret

_DEFAULT_PORTS = {"https": 443, "http": 80}
_ENTRY = re.compile(r"\[(?P<address>[^\]]*)\](?::(?P<its_port>\d+))?|(?P<host>[^:]+)(?::(?P<port>\d+))?")


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy, and who names it. Its URL may hold a password."""

    url: str = field(repr=False)
    named_by: str


def proxy_of(url: str, chosen: Secret | None) -> Proxy | None:
    """
    Give the proxy of a URL: the user's own, or the one that the environment names; None for a direct connection.

    A request to this computer may be plain http, and a proxy would read it: it has none.
    """
    if kind_of_host(urlsplit(url).hostname or "") is AddressKind.LOOPBACK:
        return None
    if chosen is not None:
        return None if chosen.reveal() == NO_PROXY else _proxy(chosen.reveal(), "The proxy of `network=`")
    named = proxy_for(url)
    if named is None:
        return None
    proxy = _proxy(named, _variable(urlsplit(url).scheme.lower()))
    fault = proxy_fault(named)
    if fault is not None:
        message = f"{proxy.named_by} names a proxy that cannot be used: its URL {fault}."  # it may hold a password
        raise ConfigurationError(message, hint=PROXY_HINT)
    return proxy


def _proxy(url: str, named_by: str) -> Proxy:
    """Note the password, which the proxy may repeat in its answer."""
    for password in passwords_in(url):
        revealed(password)
    return Proxy(url, named_by)


def proxy_for(url: str) -> str | None:
    """Give the URL of the proxy that the environment names for a URL; None for a direct connection."""
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


def _variable(scheme: str) -> str:
    """Name the variable that `getproxies` has taken the proxy from: a name in lower case comes before all others."""
    for wanted in (f"{scheme}_proxy", "all_proxy"):
        spelled = [name for name, value in os.environ.items() if name.lower() == wanted and value]
        if spelled:
            return wanted if wanted in spelled else spelled[-1]
    return "The system"


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
