# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What the user may set, and what is refused at once."""

import pytest

from tests.requirements import requirement
from valetkey.errors import ConfigurationError
from valetkey.settings.settings import Settings
from valetkey.values import ClientAuthentication, Secret

URL = "https://mcp.example.com/mcp"
LOOPBACK = "http://127.0.0.1:8080/callback"


def test_a_url_is_enough():
    settings = Settings(url=URL)
    assert (settings.server_url, settings.is_machine, settings.needs_no_discovery) == (URL, False, False)


@requirement("RES-3")
def test_a_fragment_of_the_server_url_is_dropped():
    assert Settings(url=f"{URL}?a=1#part").server_url == f"{URL}?a=1"


@requirement("RES-3")
@pytest.mark.parametrize(
    "url", ["", "mcp.example.com", "ftp://mcp.example.com", "https://", "https://[::1", "https://h:port/", "file:///x"]
)
def test_what_is_no_http_url_is_no_mcp_server(url):
    with pytest.raises(ConfigurationError, match="is not the URL of an MCP server"):
        Settings(url=url)


@requirement("CC-7")
@pytest.mark.parametrize(
    "changes",
    [
        {"client_secret": Secret("s")},
        {"grant": "implicit"},
        {"grant": "client_credentials"},
        {"grant": "client_credentials", "client_id": "c"},
        {"client_id": "c", "client_authentication": ClientAuthentication.BASIC},
        {"client_authentication": ClientAuthentication.POST},
        {"login_timeout": 0},
        {"login_timeout": -1},
        {"login_timeout": float("nan")},
    ],
)
def test_settings_that_contradict_each_other_are_refused(changes):
    with pytest.raises(ConfigurationError) as caught:
        Settings(url=URL, **changes)
    assert caught.value.hint


@requirement("SEC-1", "SEC-2", "AUT-10")
@pytest.mark.parametrize(
    "name", ["issuer", "authorization_endpoint", "token_endpoint", "registration_endpoint", "redirect_uri"]
)
@pytest.mark.parametrize("url", ["http://10.0.0.5/x", "as.example.com", "https://good@evil.example/", "javascript:1"])
def test_a_url_that_no_credential_may_go_to_is_refused(name, url):
    with pytest.raises(ConfigurationError, match=name):
        Settings(url=URL, **{name: url})


@pytest.mark.parametrize("url", ["https://app.example.com/callback", "http://localhost/callback", "https://[::1]:80/"])
def test_a_redirect_address_where_nothing_can_listen_is_refused(url):
    with pytest.raises(ConfigurationError, match="Nothing can listen"):
        Settings(url=URL, redirect_uri=url)


@pytest.mark.parametrize("url", [LOOPBACK, "http://localhost:1/", "http://[::1]:65535/callback", "HTTP://127.0.0.1:7"])
def test_a_loopback_address_with_a_port_is_a_redirect_address(url):
    assert Settings(url=URL, redirect_uri=url).redirect_uri == url


@requirement("RES-3")
@pytest.mark.parametrize("resource", ["", "mcp.example.com", "https://mcp.example.com#fragment", "api://with space"])
def test_a_resource_is_an_absolute_uri_without_a_fragment(resource):
    with pytest.raises(ConfigurationError, match="not an absolute URI"):
        Settings(url=URL, resource=resource)


@pytest.mark.parametrize("resource", ["https://mcp.example.com", "api://0001-0002", "urn:example:mcp"])
def test_a_resource_of_any_scheme_is_taken_as_it_is(resource):
    assert Settings(url=URL, resource=resource).resource == resource


@pytest.mark.parametrize(
    ("changes", "is_machine"),
    [
        ({}, False),
        ({"client_id": "c"}, False),
        ({"client_id": "c", "client_secret": Secret("s")}, True),
        ({"client_id": "c", "client_secret": Secret("s"), "redirect_uri": LOOPBACK}, False),
        ({"client_id": "c", "client_secret": Secret("s"), "grant": "authorization_code"}, False),
        (
            {"client_id": "c", "client_secret": Secret("s"), "redirect_uri": LOOPBACK, "grant": "client_credentials"},
            True,
        ),
    ],
)
def test_a_machine_has_a_secret_and_no_redirect_address_unless_the_grant_is_named(changes, is_machine):
    assert Settings(url=URL, **changes).is_machine is is_machine


@pytest.mark.parametrize(
    ("changes", "needs_none"),
    [
        ({"token_endpoint": "https://as/t", "authorization_endpoint": "https://as/a"}, False),
        ({"client_id": "c", "authorization_endpoint": "https://as/a"}, False),
        ({"client_id": "c", "token_endpoint": "https://as/t"}, False),
        ({"client_id": "c", "token_endpoint": "https://as/t", "authorization_endpoint": "https://as/a"}, True),
        ({"client_id": "c", "client_secret": Secret("s"), "token_endpoint": "https://as/t"}, True),
    ],
)
def test_nothing_is_discovered_when_client_and_endpoints_are_given(changes, needs_none):
    assert Settings(url=URL, **changes).needs_no_discovery is needs_none


@requirement("SEC-12")
def test_the_secret_does_not_show_in_the_settings():
    assert "canary" not in repr(Settings(url=URL, client_id="c", client_secret=Secret("canary")))
