# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which authorization servers are tried, and in which order."""

from tests.requirements import requirement
from valetkey._policy.issuers import choose_issuers
from valetkey.values import ResourceMetadata


@requirement("ASM-1")
def test_without_a_pin_the_published_servers_are_tried_in_their_order():
    metadata = ResourceMetadata("https://mcp", ("https://b", "https://a/"))
    assert choose_issuers(metadata, None) == ("https://b", "https://a/")


def test_a_pinned_issuer_replaces_the_spelling_of_the_published_one():
    metadata = ResourceMetadata("https://mcp", ("https://other", "https://as/"))
    assert choose_issuers(metadata, "https://as") == ("https://as",)


def test_a_pinned_issuer_stands_in_for_a_list_that_is_not_published():
    assert choose_issuers(ResourceMetadata("https://mcp"), "https://as") == ("https://as",)


@requirement("REG-5")
def test_a_pinned_issuer_is_the_only_one_whatever_is_named():
    """Row B4."""
    metadata = ResourceMetadata("https://mcp", ("https://evil.example", "https://worse.example"))
    assert choose_issuers(metadata, "https://as", preferred=("https://evil.example",)) == ("https://as",)


def test_what_is_no_url_is_no_candidate_and_what_must_not_be_used_stays_one():
    """Row D1."""
    named = ("", "undefined", "not a url", "/as", "as.example:443", "http://as.example", "javascript:x()", "https://as")
    assert choose_issuers(ResourceMetadata("https://mcp", named), None) == (
        "http://as.example",
        "javascript:x()",
        "https://as",
    )
