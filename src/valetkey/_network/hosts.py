# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What a host says of itself, before any name server is asked: an address in some notation, or a name with one meaning.

Behind a proxy this is all that the guard can judge, because the proxy looks names up. So it reads a host as leniently
as any program on the way might: with dots at its end, in upper case, and in every notation of an address.
"""

import re
import socket

from valetkey._network.addresses import Address, AddressKind, address_of, kind_of

_METADATA = frozenset(
    {
        *("metadata.google.internal", "metadata.goog", "metadata"),  # Google Cloud
        *("instance-data", "instance-data.ec2.internal"),  # AWS
        *("metadata.azure.internal", "metadata.tencentyun.com"),
    }
)
"""Names under which the networks of clouds know their metadata services."""

_THIS_COMPUTER = frozenset(
    {"localhost", "localhost.localdomain", "localhost6", "localhost6.localdomain6", "ip6-localhost", "ip6-loopback"}
)
"""RFC 6761 §6.3, and what the hosts files of Linux distributions have."""

_LONGEST_HOST = 255
"""RFC 1035 §2.3.4; to turn longer ones into the letters of DNS would take long."""

_ENDS_IN_A_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)$")


def kind_of_host(host: str) -> AddressKind | None:
    """Give the kind of address that a host certainly leads to; None for a name that a name server has to know."""
    numeric = numeric_address(host)
    if numeric is not None:
        return kind_of(numeric)
    name = without_last_dots(host).lower()
    if name in _THIS_COMPUTER or name.endswith(".localhost"):
        return AddressKind.LOOPBACK
    if name in _METADATA:
        return AddressKind.METADATA
    # No top-level domain is a number (RFC 3696 §2): the one program refuses it, and the next makes an address of it.
    return AddressKind.RESERVED if _ENDS_IN_A_NUMBER.match(name.rpartition(".")[2]) else None


def numeric_address(host: str) -> Address | None:
    """
    Read a host that is an address, in any notation the system knows: also 127.1, 0x7f000001, 2130706433, 127.0.0.1.

    No name server is asked. None for a name.
    """
    bare = without_last_dots(host)
    if len(bare) > _LONGEST_HOST:
        return None
    try:
        entries = socket.getaddrinfo(bare, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return None
    return address_of(str(entries[0][4][0]))


def without_last_dots(host: str) -> str:
    """Leave out the dot that ends a name at the root of DNS (RFC 1034 §3.1), which no comparison of names counts."""
    return host.rstrip(".")
