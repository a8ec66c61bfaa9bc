# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Where a server deviates from the specifications: what it says, and what is sent instead."""

import pytest

from tests.requirements import requirement
from valetkey._policy.tolerance import (
    as_presented,
    correct_request,
    declines_audience,
    declines_resource,
    wants_scope_named,
)
from valetkey.errors import Refused, Unsupported
from valetkey.protocol.token_request import TokenRequest
from valetkey.values import Client, Secret, ServerMetadata, Token


def token(**members):
    return Token(**{"access_token": Secret("t"), "obtained_at": 0.0, **members})


@pytest.mark.parametrize(
    "description",
    [
        "AADSTS901002: The 'resource' request parameter is not supported. Trace ID: x",
        "AADSTS901002: The 'resource' request parameter isn't supported.",
        "Unknown parameter: resource",
        "unknown parameter 'resource'",
        'Unrecognized parameter "resource"',
        "Unsupported request parameter: resource.",
        "The resource parameter is not allowed",
        "resource parameter not recognized",
        "the `resource` parameter is unsupported",
    ],
)
def test_a_server_that_does_not_know_the_resource_parameter_says_so(description):
    assert declines_resource("invalid_request", description)


@requirement("RES-9")
@pytest.mark.parametrize(
    ("error", "description"),
    [
        ("invalid_target", "The 'resource' request parameter is not supported."),
        (
            "invalid_target",
            "AADSTS9010010: The resource parameter provided in the request doesn't match with the scopes",
        ),
        ("invalid_request", "AADSTS9010010: The resource parameter provided in the request doesn't match"),
        ("invalid_grant", "Unknown parameter: resource"),
        ("invalid_client", "Unknown parameter: resource"),
        (None, "Unknown parameter: resource"),
        ("invalid_request", None),
        ("invalid_request", ""),
        ("invalid_request", "The resource is not allowed for this client"),
        ("invalid_request", "Unknown resource"),
        ("invalid_request", "The requested resource is unknown"),
        ("invalid_request", "The value of the resource parameter is not a known resource"),
        ("invalid_request", "The resource parameter has an unknown value"),
        ("invalid_request", "Missing parameter: resource"),
        ("invalid_request", "Unknown parameter: resource_id"),
        ("invalid_request", "Unknown parameter: protected_resource"),
        ("invalid_request", "Unknown parameter: nonce. The resource parameter is required."),
        ("invalid_request", "Invalid parameter: resource"),
    ],
)
def test_what_a_server_says_about_this_resource_is_no_leave_to_go_without(error, description):
    assert not declines_resource(error, description)


@pytest.mark.parametrize(
    ("description", "declined"),
    [
        ("Service not found: https://mcp.example.com/mcp", True),
        ("Service not enabled within domain: https://mcp.example.com/mcp", True),
        ("Service not found: https://other.example.com", False),
        ('Client "x" is not authorized to access resource server "https://mcp.example.com/mcp".', False),
        ("User did not authorize the request", False),
        (None, False),
    ],
)
def test_an_audience_of_ours_is_left_out_where_the_server_knows_no_such_thing(description, declined):
    assert declines_audience("https://mcp.example.com/mcp", description) is declined


@pytest.mark.parametrize(
    ("error", "description", "wanted"),
    [
        ("invalid_request", "AADSTS900144: The request body must contain the following parameter: 'scope'.", True),
        ("invalid_request", "Missing Scope", True),
        ("invalid_scope", None, True),
        ("invalid_request", "The token request is invalid.", False),
        ("invalid_request", None, False),
        ("invalid_grant", "The scope has changed", False),
        (None, "scope", False),
    ],
)
def test_a_server_that_wants_to_read_the_scope_in_a_refresh_says_so(error, description, wanted):
    assert wants_scope_named(error, description) is wanted


RENEWAL = TokenRequest(
    ServerMetadata("https://as"),
    Client("c", "https://as"),
    "renew the token",
    (("grant_type", "refresh_token"), ("refresh_token", "r"), ("resource", "https://mcp")),
    scope=("read",),
)


def refusal(error, description=None):
    return Refused("No.", hint="Log in again.", error=error, description=description)


@requirement("RES-9", "REF-4")
@pytest.mark.parametrize(
    ("request_", "said", "granted", "corrected"),
    [
        (RENEWAL, refusal("invalid_request", "Unknown parameter: resource"), ("read",), RENEWAL.without_resource()),
        (RENEWAL.without_resource(), refusal("invalid_request", "Unknown parameter: resource"), ("read",), None),
        (RENEWAL, refusal("invalid_scope"), ("read",), RENEWAL.with_scope(("read",))),
        (RENEWAL, refusal("invalid_scope"), None, None),
        (RENEWAL.with_scope(("read",)), refusal("invalid_scope"), ("read",), None),
        (RENEWAL, refusal("invalid_target", "Unknown parameter: resource"), ("read",), None),
        (RENEWAL, refusal("invalid_grant"), ("read",), None),
        (RENEWAL, refusal(None), ("read",), None),
    ],
)
def test_a_request_is_corrected_in_what_was_refused_and_in_nothing_else(request_, said, granted, corrected):
    assert correct_request(request_, said, granted) == corrected


def test_the_access_token_is_what_the_mcp_server_sees():
    issued = token(id_token=Secret("i"))
    assert as_presented(issued, "access_token") is issued


def test_the_id_token_is_shown_where_that_is_wanted():
    issued = token(id_token=Secret("i"), refresh_token=Secret("r"))
    shown = as_presented(issued, "id_token")
    assert (shown.access_token, shown.refresh_token) == (Secret("i"), Secret("r"))


def test_an_id_token_that_was_not_issued_cannot_be_shown():
    with pytest.raises(Unsupported, match="issued none"):
        as_presented(token(), "id_token")
