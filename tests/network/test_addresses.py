# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Who can be reached at an address, whatever it is wrapped in."""

import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.requirements import requirement
from valetkey._network.addresses import AddressKind, address_of, kind_of

PUBLIC, LOOPBACK, PRIVATE = AddressKind.PUBLIC, AddressKind.LOOPBACK, AddressKind.PRIVATE
METADATA, RESERVED = AddressKind.METADATA, AddressKind.RESERVED

RANGES = {
    "127.0.0.0/8": LOOPBACK,
    "::1/128": LOOPBACK,
    "10.0.0.0/8": PRIVATE,
    "172.16.0.0/12": PRIVATE,
    "192.168.0.0/16": PRIVATE,
    "100.64.0.0/11": PRIVATE,
    "100.96.0.0/14": PRIVATE,
    "fc00::/8": PRIVATE,
    "fd80::/9": PRIVATE,
    "fec0::/10": PRIVATE,
    "169.254.0.0/17": AddressKind.LINK_LOCAL,
    "fe80:1::/32": AddressKind.LINK_LOCAL,
    "198.18.0.0/15": AddressKind.BENCHMARK,
    "0.0.0.0/8": RESERVED,
    "192.0.0.0/25": RESERVED,
    "192.0.2.0/24": RESERVED,
    "192.88.99.0/24": RESERVED,
    "198.51.100.0/24": RESERVED,
    "203.0.113.0/24": RESERVED,
    "224.0.0.0/4": RESERVED,
    "240.0.0.0/4": RESERVED,
    "::/128": RESERVED,
    "100::/64": RESERVED,
    "64:ff9b:1::/48": RESERVED,
    "2001::/32": RESERVED,
    "2001:db8::/32": RESERVED,
    "3fff::/20": RESERVED,
    "4000::/3": RESERVED,
    "ff00::/8": RESERVED,
}
CLOUDS = [
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.192",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fd20:ce::254",
    "fe80::a9fe:a9fe",
    "fe80::a9fe:a9fe%eth0",
    "::ffff:169.254.169.254",
]

addresses_with_kinds = st.sampled_from(sorted(RANGES)).flatmap(
    lambda network: st.tuples(st.ip_addresses(network=network), st.just(RANGES[network]))
)
forbidden_v4 = st.sampled_from([name for name in sorted(RANGES) if ":" not in name]).flatmap(
    lambda network: st.ip_addresses(network=network)
)


def mapped(address):
    return ipaddress.IPv6Address(0xFFFF << 32 | int(address))


def through_gateways(address):
    """The IPv6 addresses whose packets some gateway, old or new, would unpack and send to an IPv4 address."""
    number = int(address)
    return {
        "NAT64": ipaddress.IPv6Address((0x64FF9B << 96) | number),
        "6to4": ipaddress.IPv6Address((0x2002 << 112) | (number << 80) | 1),
        "Teredo": ipaddress.IPv6Address((0x20010000 << 96) | (0x08080808 << 64) | (number ^ 0xFFFFFFFF)),
        "Teredo server": ipaddress.IPv6Address((0x20010000 << 96) | (number << 64) | (0x08080808 ^ 0xFFFFFFFF)),
        "IPv4-compatible": ipaddress.IPv6Address(number),
    }


@requirement("SEC-4", "SEC-5", "PRM-15")
@given(addresses_with_kinds)
def test_every_special_range_has_its_kind(pair):
    address, kind = pair
    assert kind_of(address) is kind


@requirement("SEC-4")
@pytest.mark.parametrize("text", CLOUDS)
def test_the_metadata_services_of_clouds_are_known(text):
    assert kind_of(address_of(text)) is METADATA


@requirement("SEC-4", "SEC-5")
@given(forbidden_v4)
@example(ipaddress.ip_address("10.0.0.1"))
@example(ipaddress.ip_address("169.254.169.254"))
def test_an_address_that_is_mapped_into_ipv6_is_what_it_was(address):
    assert kind_of(mapped(address)) is kind_of(address)


@requirement("SEC-4")
@given(forbidden_v4)
@example(ipaddress.ip_address("169.254.169.254"))
@example(ipaddress.ip_address("127.0.0.1"))
def test_no_gateway_makes_a_special_address_a_public_one(address):
    inside = {name: kind_of(wrapped) for name, wrapped in through_gateways(address).items()}
    if int(address) == 1:
        inside.pop("IPv4-compatible")  # ::1
    assert set(inside.values()) == {RESERVED}


def test_a_public_address_stays_public_behind_the_gateway_of_a_network_without_ipv4():
    address = ipaddress.ip_address("8.8.8.8")
    wrapped = through_gateways(address)
    assert kind_of(address) is kind_of(mapped(address)) is kind_of(wrapped["NAT64"]) is PUBLIC
    assert kind_of(wrapped["IPv4-compatible"]) is kind_of(wrapped["Teredo"]) is RESERVED


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6), st.ip_addresses(network="2000::/3")))
@example(ipaddress.ip_address("8.8.8.8"))
@example(ipaddress.ip_address("2606:4700::1111"))
def test_what_is_public_here_is_public_to_the_standard_library(address):
    inside = getattr(address, "ipv4_mapped", None) or address
    if kind_of(address) is PUBLIC:
        assert inside.is_global
        refusals = ("is_private", "is_multicast", "is_loopback", "is_link_local", "is_unspecified")
        assert [name for name in refusals if getattr(inside, name)] == []


@pytest.mark.parametrize(
    "text", ["8.8.8.8", "1.1.1.1", "100.63.255.255", "172.32.0.1", "2606:4700::1111", "2002:808:808::1"]
)
def test_ordinary_addresses_are_public(text):
    assert kind_of(address_of(text)) is PUBLIC


@pytest.mark.parametrize("text", ["", "localhost", "10.0.0", "010.0.0.1", "10.0.0.1/8"])
def test_what_is_no_address_is_not_taken_for_one(text):
    with pytest.raises(ValueError, match="does not appear to be an IPv4 or IPv6 address"):
        address_of(text)


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("fe80::1%2", AddressKind.LINK_LOCAL),
        ("fe80::a9fe:a9fe%2", METADATA),
        ("::ffff:10.0.0.1%eth0", PRIVATE),
        ("fd00::1%2", PRIVATE),
    ],
)
def test_the_zone_of_an_address_stays_and_changes_no_kind(address, kind):
    """Without its zone no connection to a link-local address comes about, and `.local` names lead to such ones."""
    assert kind_of(address_of(address)) is kind
    assert str(address_of(address)).partition("%")[2] == address.partition("%")[2]
