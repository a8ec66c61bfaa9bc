# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What the user may set, and what is refused at once."""

from dataclasses import replace
from pathlib import Path

import httpx
import httpx2
import pytest

from tests.requirements import requirement
from valetkey.errors import ConfigurationError
from valetkey.settings.credentials import IdentityProvider, PrivateKey, RegisteredClient
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
    ("url", "server_url"),
    [
        ("https://müller.example/mcp", "https://xn--mller-kva.example/mcp"),
        ("https://mcp.example.com/a/./mcp#part", "https://mcp.example.com/a/mcp"),
        ("https://mcp.example.com/a/../mcp?a=./b", "https://mcp.example.com/mcp?a=./b"),
        ("https://mcp.example.com/.hidden/mcp", "https://mcp.example.com/.hidden/mcp"),
        ("https://mcp.example.com/m%63p?a=/.", "https://mcp.example.com/m%63p?a=/."),
        ("https://mcp.example.com/straße", "https://mcp.example.com/stra%C3%9Fe"),
    ],
)
@pytest.mark.parametrize("library", [httpx, httpx2])
def test_the_server_url_is_the_one_that_both_libraries_ask_for(url, server_url, library):
    assert Settings(url=url).server_url == server_url
    assert str(library.Request("POST", url).url).partition("#")[0] == server_url


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
        {"login_timeout": 0},
        {"login_timeout": -1},
        {"login_timeout": float("nan")},
    ],
)
def test_settings_that_contradict_each_other_are_refused(changes):
    with pytest.raises(ConfigurationError) as caught:
        Settings(url=URL, **changes)
    assert caught.value.hint


@pytest.mark.parametrize("method", ["none", "client_secret_basic", "client_secret_post"])
def test_a_method_without_a_client_is_for_the_registration(method):
    """Row C1."""
    assert Settings(url=URL, client_authentication=method).client_authentication == method


@requirement("SEC-1", "SEC-2", "AUT-10")
@pytest.mark.parametrize(
    "name", ["issuer", "authorization_endpoint", "token_endpoint", "registration_endpoint", "redirect_uri"]
)
@pytest.mark.parametrize("url", ["http://10.0.0.5/x", "as.example.com", "https://good@evil.example/", "javascript:1"])
def test_a_url_that_no_credential_may_go_to_is_refused(name, url):
    with pytest.raises(ConfigurationError, match=name):
        Settings(url=URL, **{name: url})


@pytest.mark.parametrize("url", ["https://app.example.com/callback", "http://localhost/callback", "https://[::1]:80/"])
def test_a_redirect_address_where_nothing_can_listen_is_for_a_login_that_does_not_listen(url):
    """Row G6."""
    assert Settings(url=URL, redirect_uri=url).redirect_uris == (url,)


def test_the_hint_for_a_redirect_address_names_both_kinds_that_are_allowed():
    """Row G6."""
    with pytest.raises(ConfigurationError) as raised:
        Settings(url=URL, redirect_uri="http://app.example.com/callback")
    assert "http://127.0.0.1:8080/callback" in raised.value.hint
    assert 'an https URL with login="paste"' in raised.value.hint


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


CLIENT = RegisteredClient("https://as.example", "c")


@pytest.mark.parametrize(
    ("name", "given", "held"),
    [
        ("client_secret", "s", Secret("s")),
        ("initial_access_token", "s", Secret("s")),
        ("client_authentication", "client_secret_post", ClientAuthentication.POST),
        ("clients", [CLIENT], (CLIENT,)),
        ("private_key", "key.pem", PrivateKey(Path("key.pem"))),
        ("private_key", Secret("pem"), PrivateKey(Secret("pem"))),
        ("workload_token", "a/token", Path("a/token")),
        ("workload_token", str.upper, str.upper),
        ("scope", "read write read", ("read", "write")),
        ("scope", ["read", "write"], ("read", "write")),
        ("scope", [], None),
        ("authorization_parameters", {"audience": "x"}, (("audience", "x"),)),
        ("authorization_parameters", [("audience", "x")], (("audience", "x"),)),
        ("authorization_parameters", None, ()),
    ],
)
def test_a_value_is_taken_as_users_have_it_and_held_in_one_form(name, given, held):
    settings = Settings(**{name: given})
    assert getattr(settings, name) == held
    assert replace(settings) == settings
    assert hash(replace(settings)) == hash(settings)


@requirement("SEC-12")
def test_a_secret_in_plain_text_does_not_show_in_the_settings():
    settings = Settings(url=URL, client_id="c", client_secret="canary", initial_access_token="canary", issuer=URL)
    assert "canary" not in repr(settings)
    assert "canary" not in repr(vars(settings))


def test_the_algorithm_reaches_the_key():
    settings = Settings(url=URL, client_id="c", private_key="key.pem", signing_algorithm="ES256")
    assert settings.private_key == PrivateKey(Path("key.pem"), "ES256")
    assert replace(settings) == settings


def test_settings_cannot_be_changed():
    with pytest.raises(AttributeError):
        Settings().client_secret = "s"


# Settings without a URL are a part that OAuth(url) completes.


@pytest.mark.parametrize(
    "part", [{"client_secret": "s"}, {"private_key": "k"}, {"signing_algorithm": "ES256"}], ids=str
)
def test_a_part_may_need_what_completes_it(part):
    with pytest.raises(ConfigurationError):
        Settings(url=URL, **part)
    completed = Settings(**part).for_server(URL, client_id="c", private_key="k")
    assert (completed.server_url, completed.client_id) == (URL, "c")


def test_what_is_given_last_replaces_what_the_settings_have():
    settings = Settings(scope="read", label="one", dpop=True).for_server(URL, scope=["write"], label="two")
    assert (settings.scope, settings.label, settings.dpop) == (("write",), "two", True)


def test_a_part_has_no_server_url():
    with pytest.raises(ConfigurationError, match="no url") as caught:
        _ = Settings(dpop=True).server_url
    assert "OAuth(url)" in caught.value.hint


def test_settings_of_one_server_are_not_used_for_another():
    settings = Settings(url=f"{URL}#part")
    assert settings.for_server(URL) == settings
    with pytest.raises(ConfigurationError, match="contradicts"):
        settings.for_server("https://other.example.com/mcp")


PROVIDER = IdentityProvider("https://idp.example", "c", Secret("t"))


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"client_secret": "s"}, ["client_secret", "client_id"]),
        ({"private_key": "k", "client_assertion": str}, ["private_key", "client_assertion"]),
        ({"private_key": "k"}, ["private_key", "client_id", "client_metadata_url"]),
        ({"client_assertion": str}, ["client_assertion", "client_id", "client_metadata_url"]),
        ({"client_id": "c", "clients": [CLIENT]}, ["client_id", "clients"]),
        ({"clients": [CLIENT, CLIENT]}, ["clients", "issuer"]),
        ({"initial_access_token": "t"}, ["initial_access_token", "issuer"]),
        ({"assertion_audience": "a"}, ["assertion_audience", "issuer"]),
        ({"client_authentication": "private_key_jwt"}, ["private_key_jwt", "private_key", "client_assertion"]),
        (
            {"client_id": "c", "client_authentication": "client_secret_post"},
            ["client_secret_post", "client_id", "client_secret"],
        ),
        ({"grant": "client_credentials"}, ["client_credentials", "client_secret", "private_key"]),
        ({"grant": "workload_identity"}, ["workload_identity", "workload_token"]),
        ({"grant": "enterprise_managed"}, ["enterprise_managed", "identity_provider"]),
        ({"grant": "device_code", "workload_token": "f"}, ["device_code", "workload_token"]),
        ({"grant": "device_code", "identity_provider": PROVIDER}, ["device_code", "identity_provider"]),
        ({"send_resource": False, "resource": URL}, ["send_resource=False", "resource="]),
        ({"offline_access": False, "scope": "offline_access"}, ["offline_access=False", "scope="]),
        ({"bearer": "id_token", "dpop": True}, ["bearer", "dpop=True"]),
        ({"bearer": "id_token", "client_id": "c", "client_secret": "s"}, ["bearer", "client_credentials"]),
        ({"authorization_parameters": {"state": "s"}}, ["authorization_parameters", "state"]),
    ],
    ids=str,
)
def test_a_contradiction_is_told_with_the_names_of_both_options(changes, names):
    with pytest.raises(ConfigurationError) as caught:
        Settings(url=URL, **changes)
    assert [name for name in names if name not in caught.value.message] == []
    assert caught.value.hint


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("client_id", {"client_id": "\udce9"}),
        ("client_secret", {"client_id": "c", "client_secret": "s3cr\udce9t"}),
        ("scope", {"scope": "read \udce9"}),
        ("authorization_parameters", {"authorization_parameters": {"prompt": "\udce9"}}),
        ("client_secret", {"clients": [RegisteredClient("https://as.example", "c", Secret("s3cr\udce9t"))]}),
    ],
)
def test_text_that_no_request_can_hold_is_refused_at_once(name, options):
    """An environment variable that is not UTF-8 comes so."""
    with pytest.raises(ConfigurationError, match=f"The {name} has a character") as caught:
        Settings(url=URL, **options)
    assert "s3cr" not in str(caught.value)
