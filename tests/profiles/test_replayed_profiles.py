# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""With its profile, a login at each provider and a renewal work as recorded; without it, they do not."""

import logging
from dataclasses import replace

import pytest

from haystack_integrations.tools.mcp_oauth import OAuthConfig
from tests.profiles import recorded
from tests.profiles.recorded import ASANA_ADDRESS, COGNITO, ENTRA, SECRET
from tests.profiles.replay import HOUR, Life
from tests.requirements import requirement
from valetkey._sessions.codec import encode_session, session_key
from valetkey.errors import ClientRefused, IssuerMismatch, LoginFailed, Refused, Unsupported
from valetkey.profiles.catalog import load_profiles
from valetkey.values import ClientAuthentication, Secret

ADDRESS = "http://127.0.0.1:8080/callback"
BY_HAND = {"client_id": "1214", "redirect_uri": ADDRESS}
WITH_SECRET = {**BY_HAND, "client_secret": Secret(SECRET)}

LIVES = {
    "asana": (recorded.asana, {**WITH_SECRET, "redirect_uri": ASANA_ADDRESS}),
    "auth0": (lambda: recorded.auth0(apis=("https://mcp.example.com/mcp",)), {}),
    "cognito": (recorded.cognito, BY_HAND),
    "entra": (recorded.entra, {"client_id": "1214"}),
    "github": (recorded.github, WITH_SECRET),
    "google": (recorded.google, WITH_SECRET),
    "hubspot": (recorded.hubspot, WITH_SECRET),
    "slack": (recorded.slack, BY_HAND),
    "supabase": (recorded.supabase, {}),
}
"""The provider, and what a user has to set. Figma registers only the programs of its own list."""


def life(name, **settings):
    provider, given = LIVES[name]
    return Life(provider(), **{**given, **settings})


def forget_refresh_token(life, dead):
    """Let the refresh token be one that the provider does not know any more."""
    session = life.kept()
    token = replace(session.token, refresh_token=Secret(dead))
    life.store.inner.put(session_key(life.settings), encode_session(replace(session, token=token)))


def test_every_profile_is_replayed():
    assert {*LIVES, "figma"} == set(load_profiles()), "record the provider in recorded.py, and add it to LIVES"


@pytest.mark.parametrize("name", LIVES)
def test_a_login_and_a_renewal_work_as_recorded(name, caplog):
    caplog.set_level(logging.INFO, logger="valetkey")
    living = life(name)
    session, renewed = living.log_in(), living.renew()
    assert renewed.token.access_token != session.token.access_token
    assert living.engine().profile == "none"  # nothing has been looked up yet
    engine = living.engine()
    assert engine.current() is not None
    assert engine.profile == OAuthConfig().filled_in(session).profile == name
    told = [record.message for record in caplog.records if "provider profile" in record.message]
    assert told == [f"{session.issuer} is used with the provider profile {name!r}"] * 2


@pytest.mark.parametrize("name", ["asana", "cognito", "entra", "figma", "github", "google", "hubspot", "slack"])
def test_a_user_without_a_client_reads_what_to_do_at_the_provider_first(name):
    profile = load_profiles()[name]
    assert profile.hint
    with pytest.raises((Unsupported, ClientRefused)) as caught:
        Life(getattr(recorded, name)(), assume_pkce=True).log_in()
    assert caught.value.hint.endswith(profile.hint)
    with pytest.raises((Unsupported, ClientRefused)) as caught:
        Life(getattr(recorded, name)(), assume_pkce=True, profile="none").log_in()
    assert profile.hint not in caught.value.hint


# Microsoft Entra ID.


@requirement("SCP-8")
def test_entra_reads_the_resource_in_the_scope_alone():
    living = life("entra")
    session = living.log_in()
    asked, exchanged = living.provider.authorizations[0], living.provider.forms[0]
    assert "resource" not in asked
    assert "resource" not in exchanged
    assert asked["scope"].split() == [*session.requested_scope]
    assert "offline_access" in session.requested_scope
    assert asked["redirect_uri"].startswith("http://localhost:")
    assert session.token.expires_at == living.clock.time + 3599  # numbers as text


def test_entra_wants_the_scope_of_the_login_in_every_renewal():
    living = life("entra")
    session = living.log_in()
    living.renew()
    living.renew()
    assert [form["scope"].split() for form in living.provider.forms[1:]] == [[*session.requested_scope]] * 2
    assert all("resource" not in form for form in living.provider.forms)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"profile": "none"}, Unsupported),  # S256 is not announced
        ({"profile": "none", "assume_pkce": True}, LoginFailed),  # `resource`
        ({"profile": "none", "assume_pkce": True, "send_resource": False}, LoginFailed),  # 127.0.0.1
        ({"assume_pkce": False}, Unsupported),
        ({"send_resource": True}, LoginFailed),
        ({"resource": "https://mcp.contoso.example/mcp"}, LoginFailed),
        ({"redirect_uri": ADDRESS}, LoginFailed),
    ],
)
def test_without_the_profile_or_against_it_nobody_logs_in_at_entra(settings, error):
    living = life("entra", **settings)
    with pytest.raises(error):
        living.log_in()
    assert living.provider.forms == []


def test_without_the_profile_a_renewal_at_entra_asks_for_a_token_for_the_client():
    settings = {"assume_pkce": True, "send_resource": False, "redirect_uri": "http://localhost:8080/callback"}
    living = life("entra", profile="none", **settings)
    living.log_in()
    with pytest.raises(AssertionError, match="a person had to log in"):
        living.renew()


@requirement("ASM-8")
def test_the_template_that_entra_publishes_for_all_tenants_is_no_issuer_but_a_tenant_can_be_named():
    common = "https://login.microsoftonline.com/common/v2.0"
    with pytest.raises(IssuerMismatch, match="tenantid"):
        Life(recorded.entra(common), client_id="1214").log_in()
    living = Life(recorded.entra(common), client_id="1214", issuer=ENTRA)
    assert living.log_in().issuer == ENTRA


def test_endpoints_of_entra_that_were_given_without_an_issuer_are_treated_alike():
    base = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/oauth2/v2.0"
    scope = ("api://66666666-7777-8888-9999-000000000000/user_impersonation",)
    endpoints = {"authorization_endpoint": f"{base}/authorize", "token_endpoint": f"{base}/token"}
    living = life("entra", scope=scope, **endpoints)
    living.log_in()
    assert living.renew().issuer == "https://login.microsoftonline.com"
    assert living.provider.urls == [f"{base}/token"] * 2


# Google.


@requirement("REF-5")
def test_google_gives_a_refresh_token_to_who_asks_for_it_its_way():
    living = life("google")
    session = living.log_in()
    asked = living.provider.authorizations[0]
    assert (asked["access_type"], asked["prompt"]) == ("offline", "consent")
    assert living.renew().token.refresh_token == session.token.refresh_token  # the answer brings none


@pytest.mark.parametrize("settings", [{"profile": "none"}, {"authorization_parameters": (("access_type", "online"),)}])
def test_without_the_profile_or_against_it_google_gives_no_refresh_token(settings):
    living = life("google", **settings)
    assert living.log_in().token.refresh_token is None


def test_what_the_user_sets_for_the_login_at_google_comes_on_top():
    living = life("google", authorization_parameters=(("prompt", "select_account"), ("hd", "example.com")))
    living.log_in()
    asked = living.provider.authorizations[0]
    assert (asked["access_type"], asked["prompt"], asked["hd"]) == ("offline", "select_account", "example.com")


# GitHub.


@requirement("TOK-14")
def test_github_sees_the_secret_in_the_body_and_its_scopes_are_read_with_commas():
    living = life("github")
    session = living.log_in()
    assert "authorization" not in living.provider.forms[0]
    assert (session.token.scope, session.resource) == (("repo", "gist"), "https://api.githubcopilot.com/mcp/")


def test_without_the_profile_github_does_not_see_the_secret():
    living = life("github", profile="none")
    with pytest.raises(Refused, match="incorrect_client_credentials"):
        living.log_in()


def test_what_the_user_says_about_the_client_comes_before_the_profile():
    living = life("github", client_authentication=ClientAuthentication.BASIC)
    with pytest.raises(Refused, match="incorrect_client_credentials"):
        living.log_in()
    assert "authorization" in living.provider.forms[0]


@requirement("REF-9")
@pytest.mark.parametrize(("name", "dead"), [("github", "ghr_dead"), ("slack", "xoxe-1-dead")])
def test_a_dead_refresh_token_that_is_told_with_status_200_and_a_word_of_their_own_leads_to_a_login(name, dead):
    living = life(name)
    living.log_in()
    forget_refresh_token(living, dead)
    living.clock.time += 24 * HOUR
    living.person.denies = True
    for _ in range(2):
        with pytest.raises(LoginFailed, match="access_denied"):
            living.engine().replace(living.kept().token)
    assert living.kept().token.refresh_token is None
    assert [form["grant_type"] for form in living.provider.forms] == ["authorization_code", "refresh_token"]


# Amazon Cognito.


def test_cognito_supports_s256_without_saying_so():
    living = life("cognito")
    session = living.log_in()
    assert session.issuer == COGNITO
    assert living.provider.authorizations[0]["code_challenge_method"] == "S256"


@requirement("ASM-12")
@pytest.mark.parametrize("settings", [{"profile": "none"}, {"assume_pkce": False}])
def test_without_the_profile_or_against_it_cognito_does_not_seem_to(settings):
    with pytest.raises(Unsupported, match="PKCE"):
        life("cognito", **settings).log_in()


def test_a_gateway_that_wants_the_id_token_of_cognito_gets_it_before_and_after_a_renewal():
    living = life("cognito", scope=("openid",), bearer="id_token")
    assert living.log_in().token.access_token.reveal() == "eyJraWQi.id-authorization_code.s"
    assert living.renew().token.access_token.reveal() == "eyJraWQi.id-refresh_token.s"


# Auth0.


def is_jwt(session):
    return session.token.access_token.reveal().startswith("eyJhbGci.")


@requirement("RES-1")
def test_auth0_reads_the_resource_in_the_audience():
    living = life("auth0")
    session = living.log_in()
    asked = living.provider.authorizations[0]
    assert asked["audience"] == asked["resource"] == session.resource == "https://mcp.example.com/mcp"
    assert is_jwt(session)


def test_without_the_profile_auth0_issues_what_is_no_token_for_the_mcp_server():
    assert not is_jwt(life("auth0", profile="none").log_in())


@pytest.mark.parametrize(
    ("settings", "audience"),
    [
        ({"authorization_parameters": (("audience", "urn:notes"),)}, "urn:notes"),
        ({"resource": "urn:notes"}, "urn:notes"),
        ({"send_resource": False}, "https://mcp.example.com/mcp"),
    ],
)
def test_the_audience_is_what_the_user_says(settings, audience):
    living = Life(recorded.auth0(apis=("https://mcp.example.com/mcp", "urn:notes")), **settings)
    assert is_jwt(living.log_in())
    assert [asked["audience"] for asked in living.provider.authorizations] == [audience]


def test_a_tenant_that_has_no_such_api_is_asked_once_more_without_the_audience():
    """A default audience may be set there; the login is then what it would be without the profile."""
    living = Life(recorded.auth0(apis=("urn:notes",)))
    session = living.log_in()
    assert ["audience" in asked for asked in living.provider.authorizations] == [True, False]
    assert all(asked["resource"] == session.resource for asked in living.provider.authorizations)


def test_an_audience_of_the_users_is_not_left_out():
    living = Life(recorded.auth0(apis=("urn:notes",)), authorization_parameters=(("audience", "urn:other"),))
    with pytest.raises(LoginFailed, match="Service not found: urn:other"):
        living.log_in()
    assert len(living.provider.authorizations) == 1


def test_a_machine_names_the_audience_too():
    machine = {"client_id": "m2m", "client_secret": Secret(SECRET), "issuer": "https://tenant.eu.auth0.com/"}
    living = Life(recorded.auth0(apis=("https://mcp.example.com/mcp",)), **machine)
    assert is_jwt(living.log_in())
    assert living.provider.forms[0]["audience"] == living.provider.forms[0]["resource"]
    with pytest.raises(Refused, match="Service not enabled within domain"):
        Life(recorded.auth0(apis=("urn:notes",)), **machine).log_in()
    with pytest.raises(Refused, match="Service not enabled within domain"):
        Life(recorded.auth0(apis=("https://mcp.example.com/mcp",)), profile="none", **machine).log_in()


def test_a_tenant_under_a_domain_of_its_own_is_treated_like_the_others_when_the_profile_is_named():
    for choice in ("auto", "auth0"):
        provider = recorded.auth0(apis=("https://mcp.example.com/mcp",), tenant="https://login.example.com")
        living = Life(provider, profile=choice)
        assert is_jwt(living.log_in()) is (choice == "auth0")
        assert living.engine().profile == ("auth0" if choice == "auth0" else "none")


# Slack, Figma, HubSpot, Asana.


@requirement("PRM-5")
def test_slack_is_found_behind_a_redirect_that_is_not_followed_and_may_give_no_refresh_token():
    living = Life(recorded.slack(rotates=False), **BY_HAND)
    token = living.log_in().token
    assert (token.scope, token.refresh_token, token.expires_at) == (("search:read.public", "chat:write"), None, None)


def test_figma_hears_our_own_name_once():
    living = Life(recorded.figma())
    with pytest.raises(ClientRefused, match="403"):
        living.log_in()
    assert [asked["client_name"] for asked in living.provider.registrations] == ["Valetkey"]


def test_hubspot_is_renewed_where_its_metadata_said_even_by_a_program_that_never_read_it():
    living = life("hubspot")
    living.log_in()
    living.provider.urls.clear()
    living.renew()
    assert living.provider.urls == ["https://mcp.hubspot.com/oauth/v3/token"]
    assert all(form["client_secret"] == SECRET for form in living.provider.forms)


def test_asana_takes_the_address_it_knows_and_no_other():
    assert life("asana").log_in().client.redirect_uri == ASANA_ADDRESS
    with pytest.raises(LoginFailed):
        life("asana", redirect_uri=ADDRESS).log_in()


# Supabase.


@requirement("REF-9")
def test_a_client_that_supabase_has_forgotten_is_registered_anew_by_the_next_login():
    """Row A3."""
    known = set()
    living = Life(recorded.supabase(known))
    first = living.log_in()
    known.remove(first.client.client_id)
    living.clock.time += 24 * HOUR
    second = living.log_in()
    assert second.client.client_id != first.client.client_id
    assert len(living.person.asked) == 2


def test_without_the_profile_a_client_that_supabase_has_forgotten_shows_itself_in_the_browser_alone():
    """Row A3."""
    known = set()
    living = Life(recorded.supabase(known), profile="none")
    first = living.log_in()
    known.remove(first.client.client_id)
    living.clock.time += 24 * HOUR
    with pytest.raises(LoginFailed):
        living.engine().replace(None)
    assert living.kept().client == first.client
    assert living.kept().token.refresh_token is not None
