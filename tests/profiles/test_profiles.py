# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which profile is for whom, what may stand in one, and what a user gets who names one that does not exist."""

from importlib import resources
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.profiles.checks import changed_members, faults
from tests.profiles.recorded import COGNITO, ENTRA, TENANT
from valetkey.errors import ConfigurationError
from valetkey.profiles.applied import filled_in, resolve_profile
from valetkey.profiles.catalog import find_profile, load_profiles, read_profile, require_profile
from valetkey.profiles.profile import STANDARD, Profile
from valetkey.settings.settings import Settings
from valetkey.values import Secret, ServerMetadata

ISSUERS = {  # real issuers, and the names of their profiles
    ENTRA: "entra",
    f"https://login.microsoftonline.us/{TENANT}/v2.0": "entra",
    "https://login.partner.microsoftonline.cn/contoso.partner.onmschina.cn/v2.0": "entra",
    "https://login.microsoftonline.com": "entra",
    "https://login.microsoftonline.us": "entra",
    "https://login.partner.microsoftonline.cn": "entra",
    "https://accounts.google.com": "google",
    "https://accounts.google.com/": "google",
    "https://oauth2.googleapis.com": "google",
    "https://github.com/login/oauth": "github",
    "https://github.com": "github",
    "https://mcp.slack.com": "slack",
    "https://api.figma.com": "figma",
    COGNITO: "cognito",
    "https://tenant.auth0.com/": "auth0",
    "https://tenant.eu.auth0.com/": "auth0",
    "https://mcp.hubspot.com": "hubspot",
    "https://app.asana.com": "asana",
    "https://api.supabase.com": "supabase",
}
OTHERS = (  # issuers that no profile is for
    "",
    "*",
    "https://auth.example.com",
    "https://auth0.com",
    "https://a.b.c.auth0.com",
    "https://auth0.com.evil.example",
    "https://tenant.auth0.com.evil.example",
    "https://tenant.auth0.com:8443",
    "https://tenant.auth0.com/oauth",
    "https://evil.example/.auth0.com",
    "https://evil.example?.auth0.com",
    "https://evil.example#.auth0.com",
    "https://user@tenant.auth0.com",
    "https://evil.example\\.auth0.com",
    "https://evil.example%2f.auth0.com",
    "https://evil.example/login.microsoftonline.com/v2.0",
    "https://login.microsoftonline.com.evil.example/t/v2.0",
    "https://login.microsoftonline.com@evil.example/t/v2.0",
    "https://login.microsoftonline.com:8443/t/v2.0",
    "https://login.microsoftonline.com/t/u/v2.0",
    "https://login.microsoftonline.com//v2.0",
    "https://login.microsoftonline.com/t",
    "https://login.microsoftonline.com/t?u/v2.0",
    "https://login.microsoftonline.com/{tenantid}/v2.0",
    "https://evil-login.microsoftonline.com/t/v2.0",
    "http://login.microsoftonline.com/t/v2.0",
    "https://cognito-idp.evil.example/.amazonaws.com/pool",
    "https://cognito-idp.a.b.amazonaws.com/pool",
    "https://accounts.google.com//",
    "https://accounts.google.com.",
    "https://accounts.google.com\n",
    "https://github.com/login/oauth/evil",
    "https://github.community",
)


@pytest.mark.parametrize(("issuer", "name"), ISSUERS.items())
def test_a_profile_is_found_by_its_issuer(issuer, name):
    assert find_profile("auto", issuer=issuer).name == name


def test_no_profile_has_a_fault():
    assert faults(load_profiles(), ISSUERS, OTHERS) == {}


@pytest.mark.parametrize("issuer", OTHERS)
def test_an_issuer_that_only_looks_like_a_providers_has_no_profile(issuer):
    assert find_profile("auto", issuer=issuer) is STANDARD


PARTS = ("login.microsoftonline.com", ".auth0.com", "auth0.com", "evil.example", "/v2.0", "v2.0", "/", "//", ".", "t")
ODD = ("@", ":", ":443", "?", "#", "%2f", "%2e", "\\", "*", " ", "\n", "\x00", "é", "[", "]", "-", "_", "")
DOMAINS = ("microsoftonline.com", "auth0.com", "amazonaws.com")


@given(
    st.sampled_from(("https://", "http://", "https:/", "")),
    st.lists(st.sampled_from(PARTS + ODD) | st.text(max_size=3), max_size=7).map("".join),
)
def test_whatever_a_pattern_with_a_star_matches_lies_at_the_providers_own_host(scheme, rest):
    issuer = scheme + rest
    for name in ("entra", "auth0", "cognito"):
        if load_profiles()[name].is_for(issuer):
            parts = urlsplit(issuer)
            assert parts.scheme == "https"
            assert parts.netloc == parts.hostname
            assert any(parts.netloc.endswith(f".{domain}") for domain in DOMAINS)
            assert not parts.query
            assert not parts.fragment


@given(st.from_regex(r"[A-Za-z0-9-]{1,20}(\.[A-Za-z0-9-]{1,20})?", fullmatch=True))
def test_every_tenant_of_auth0_is_met(tenant):
    assert find_profile("auto", issuer=f"https://{tenant}.auth0.com/").name == "auth0"


def test_a_named_profile_is_used_for_any_issuer_and_none_for_no_issuer():
    assert find_profile("google", issuer="https://auth.example.com") == load_profiles()["google"]
    assert find_profile("none", issuer=ENTRA) is STANDARD


@pytest.mark.parametrize("name", ["entrа", "Entra", "azure", "", "../google", "google.toml"])
def test_a_profile_that_does_not_exist_is_refused_at_construction(name):
    with pytest.raises(ConfigurationError, match="There is no provider profile") as caught:
        Settings(url="https://mcp.example.com/mcp", profile=name)
    assert ", ".join(("auto", "none", *load_profiles())) in caught.value.hint


@pytest.mark.parametrize("name", ["auto", "none"])
def test_the_two_words_that_are_no_profiles_are_taken(name):
    assert Settings(url="https://mcp.example.com/mcp", profile=name).profile == name
    assert require_profile(name) is STANDARD


@pytest.mark.parametrize(
    "text",
    [
        "sends_resource = false",
        'name = "google"',
        'send_resource = "false"',
        "send_resource = 0",
        'issuers = "https://auth.example.com"',
        "issuers = [1]",
        "hint = true",
        'evidence = { a = "b" }',
        'authorization_parameters = ["prompt"]',
        "authorization_parameters = { prompt = 1 }",
        "send_resource = { a = 'b' }",
    ],
)
def test_a_member_that_no_profile_has_is_an_error(text):
    with pytest.raises(ConfigurationError, match="'new'"):
        read_profile("new", text)


def test_a_profile_says_only_what_its_file_says():
    text = 'issuers = ["https://a.example"]\nassume_pkce = true\n[authorization_parameters]\nprompt = "consent"\n'
    assert read_profile("new", text) == Profile(
        name="new",
        issuers=("https://a.example",),
        assume_pkce=True,
        authorization_parameters=(("prompt", "consent"),),
    )


def test_every_member_is_needed_by_a_provider():
    changed = set().union(*map(changed_members, load_profiles().values()))
    assert changed == set(Profile.__dataclass_fields__)


def test_the_files_are_part_of_the_package():
    names = {each.name for each in resources.files("valetkey.profiles").iterdir()}
    assert {f"{name}.toml" for name in load_profiles()} <= names


# What the user has set comes before it.


@pytest.mark.parametrize(
    "changes",
    [
        {"send_resource": False, "resource": "urn:mine"},
        {"offline_access": False, "scope": ("read", "offline_access")},
        {"bearer": "id_token", "client_id": "c", "client_secret": Secret("s")},
        {"bearer": "refresh_token"},
        {"authorization_parameters": (("state", "mine"),)},
        {"authorization_parameters": (("prompt", "login"), ("scope", "read"))},
    ],
)
def test_options_that_contradict_each_other_are_refused_at_construction(changes):
    with pytest.raises(ConfigurationError) as caught:
        Settings(url="https://mcp.example.com/mcp", **changes)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("setting", "member", "value"),
    [
        ({"send_resource": True}, "send_resource", True),
        ({"resource": "urn:mine"}, "send_resource", True),
        ({"assume_pkce": False}, "assume_pkce", False),
        ({"authorization_parameters": (("prompt", "login"),)}, "authorization_parameters", (("prompt", "login"),)),
    ],
)
def test_a_setting_replaces_what_the_profile_says(setting, member, value):
    settings = Settings(url="https://mcp.example.com/mcp", **setting)
    assert getattr(resolve_profile(settings.profile, ENTRA, settings.profile_members), member) == value


def test_without_settings_the_profile_is_as_it_is():
    settings = Settings(url="https://mcp.example.com/mcp")
    assert resolve_profile(settings.profile, ENTRA, settings.profile_members) == load_profiles()["entra"]
    assert resolve_profile(settings.profile, "https://auth.example.com", settings.profile_members) == STANDARD


def test_what_the_metadata_says_comes_before_the_profile():
    github = load_profiles()["github"]
    listed = ServerMetadata("https://github.com/login/oauth", token_endpoint_auth_methods_supported=("none",))
    assert filled_in(listed, github) == listed
    silent = ServerMetadata("https://github.com/login/oauth")
    assert filled_in(silent, github).token_endpoint_auth_methods_supported == ("client_secret_post",)
    assert filled_in(silent, STANDARD) == silent
