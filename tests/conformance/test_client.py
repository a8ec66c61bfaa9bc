# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What the suite's client tells `Settings`, by what it was given."""

import pytest

from tests.conformance.client import extensions_of, options_from, reason
from valetkey import IssuerMismatch, RegisteredClient, Secret

DPOP = "io.modelcontextprotocol/auth/dpop"


def given(**context):
    options = options_from({"name": "auth/whatever", **context})
    extensions = set(extensions_of(options)) - {DPOP}
    del options["client_metadata_url"]  # it is always given
    return options, extensions


def test_without_anything_given_the_server_alone_decides():
    assert given() == ({}, set())


def test_a_secret_alone_is_a_machine():
    options, extensions = given(client_id="me", client_secret="hidden")
    assert options == {"client_id": "me", "client_secret": Secret("hidden")}
    assert extensions == {"io.modelcontextprotocol/oauth-client-credentials"}


def test_a_key_is_a_machine():
    options, extensions = given(client_id="me", private_key_pem="hidden", signing_algorithm="ES256")
    assert options == {"client_id": "me", "private_key": Secret("hidden"), "signing_algorithm": "ES256"}
    assert extensions == {"io.modelcontextprotocol/oauth-client-credentials"}


def test_a_client_registered_at_an_issuer_is_for_people():
    options, extensions = given(client_id="me", client_secret="hidden", issuer="http://localhost:1")
    assert options == {"clients": [RegisteredClient("http://localhost:1", "me", Secret("hidden"))]}
    assert extensions == set()


def test_a_workload_gives_its_token_and_no_other():
    options, extensions = given(client_id="me", valid_jwt="good", wrong_audience_jwt="bad", expired_jwt="bad")
    assert options.pop("workload_token")("audience") == "good"
    assert options == {"client_id": "me"}
    assert extensions == {"io.modelcontextprotocol/auth/wif"}


def test_the_scenarios_name_changes_nothing():
    assert given(name="auth/pre-registration") == given(name="auth/dpop") == ({}, set())


def test_the_reason_is_found_inside_groups():
    error = IssuerMismatch("m", hint="h", expected="a", received="b")
    group = ExceptionGroup("g", [ValueError(), ExceptionGroup("g", [error])])
    assert reason(group) is error


@pytest.mark.parametrize("error", [ValueError(), ExceptionGroup("g", [ValueError(), KeyError()])])
def test_an_error_that_is_not_ours_is_a_reason_too(error):
    assert isinstance(reason(error), ValueError)
