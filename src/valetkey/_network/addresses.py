# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The kinds of internet addresses: public, this computer, a private network, reserved (RFC 6890)."""

import enum
import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressKind(enum.Enum):
    """What can be reached at an address; the value is how an error names it."""

    PUBLIC = "a public address"
    LOOPBACK = "this computer's own loopback interface"
    PRIVATE = "an address in a private network"
    LINK_LOCAL = "a link-local address"
    BENCHMARK = "an address for tests of network devices"
    METADATA = "the metadata service of a cloud"
    RESERVED = "an address that no server has"


_PRIVATE = tuple(
    map(
        ipaddress.ip_network,
        (
            *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),  # RFC 1918
            "100.64.0.0/10",  # RFC 6598: behind a provider's NAT, and many a VPN
            "fc00::/7",  # RFC 4193
            "fec0::/10",  # RFC 3879: deprecated, but `ipaddress` takes it for a public one
        ),
    )
)
_BENCHMARK = ipaddress.ip_network("198.18.0.0/15")
"""RFC 2544. Some VPN programs answer every name with an address from here."""
_RESERVED = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20")))
"""Some releases of `ipaddress` take these for public (RFC 6890, RFC 7526, RFC 9637)."""
_METADATA = frozenset(
    map(
        ipaddress.ip_address,
        (
            *("169.254.169.254", "fe80::a9fe:a9fe"),  # nearly every cloud
            *("fd00:ec2::254", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"),  # AWS, its containers and pods
            "fd20:ce::254",  # Google Cloud
            "168.63.129.16",  # Azure, in the public range
            "100.100.100.200",  # Alibaba Cloud
            "192.0.0.192",  # Oracle Cloud
        ),
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def address_of(text: str) -> Address:
    """Read an address as `look_up` or `socket` gives it; a link-local one leads nowhere without its zone ("%2")."""
    return ipaddress.ip_address(text)


def kind_of(address: Address) -> AddressKind:
    """Give the kind of an address; one that wraps an IPv4 address is never better than the address inside."""
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None:
        return kind_of(ipaddress.IPv6Address(int(address)))
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        return kind_of(mapped)  # the system connects to that one
    if address in _METADATA:
        return AddressKind.METADATA
    if address.is_loopback:
        return AddressKind.LOOPBACK
    inside = _carried(address) if isinstance(address, ipaddress.IPv6Address) else ()
    if any(kind_of(carried) is not AddressKind.PUBLIC for carried in inside):
        return AddressKind.RESERVED  # no gateway leads there for a good reason
    if address.is_link_local:
        return AddressKind.LINK_LOCAL
    if any(address in network for network in _RESERVED):
        return AddressKind.RESERVED
    if any(address in network for network in _PRIVATE):
        return AddressKind.PRIVATE
    if address in _BENCHMARK:
        return AddressKind.BENCHMARK
    if address in _NAT64 or (address.is_global and not address.is_multicast and not address.is_reserved):
        return AddressKind.PUBLIC
    return AddressKind.RESERVED


def _carried(address: ipaddress.IPv6Address) -> tuple[ipaddress.IPv4Address, ...]:
    """The IPv4 addresses that a gateway would unpack: NAT64 (RFC 6052), 6to4 (RFC 3056), Teredo (RFC 4380)."""
    if address in _NAT64:
        return (ipaddress.IPv4Address(int(address) & 0xFFFFFFFF),)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    return address.teredo or ()
