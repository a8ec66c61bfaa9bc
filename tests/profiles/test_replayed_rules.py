# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Providers that need no profile: what they do oddly is met by a rule that holds for everybody, as recorded."""

import pytest

from tests.profiles import recorded
from tests.profiles.replay import FORBIDDEN, HOUR, Answer, ErrorPage, Life, Provider
from tests.requirements import requirement
from valetkey.errors import IssuerMismatch, LoginFailed
from valetkey.profiles.profile import NONE
from valetkey.values import ClientOrigin, MetadataSource

S256 = {"code_challenge_methods_supported": ["S256"]}


def rotating(prefix):
    """Answers every token request with the next pair, and refuses a refresh token that was used before."""
    count = iter(range(1, 100))
    state = {"current": None}

    def token(form):
        if form["grant_type"] == "refresh_token" and form["refresh_token"] != state["current"]:
            return Answer({"error": "invalid_grant", "error_description": "OAuth grant revoked"}, 400)
        number = next(count)
        state["current"] = f"{prefix}-r{number}"
        members = {"access_token": f"{prefix}-a{number}", "refresh_token": state["current"]}
        return Answer({**members, "token_type": "bearer", "expires_in": 3600})

    return token


def registering(**changes):
    """Registers everybody, with a number of their own."""
    count = iter(range(1, 100))
    return lambda asked: Answer({**asked, "client_id": f"client-{next(count)}", **changes}, 201)


def provider(mcp_url, issuer, endpoints, *, resource=None, **changes):
    """A provider that publishes what RFC 9728 and RFC 8414 want, where not told otherwise."""
    host, _, path = mcp_url.removeprefix("https://").partition("/")
    place = f"https://{host}/.well-known/oauth-protected-resource/{path}".removesuffix("/")
    documents = {
        place: {"resource": resource or mcp_url, "authorization_servers": [issuer]},
        f"{issuer}/.well-known/oauth-authorization-server": {"issuer": issuer, **S256, **endpoints},
    }
    usual = {"documents": documents, "token": rotating("t"), "register": registering()}
    return Provider(mcp_url=mcp_url, **{**usual, **changes})


def endpoints(base, authorize="authorize", token="token", register="register"):
    named = {"authorization": authorize, "token": token, "registration": register}
    return {f"{name}_endpoint": f"{base}/{path}" for name, path in named.items()}


def lives(life):
    """Log in, and be renewed twice."""
    session = life.log_in()
    tokens = {each.token.access_token.reveal() for each in (session, life.renew(), life.renew())}
    assert len(tokens) == 3
    engine = life.engine()
    assert (engine.current() is not None, engine.profile) == (True, NONE)
    return session


# Atlassian: https://github.com/atlassian/atlassian-mcp-server/issues/148, /205; litellm#42678.


def atlassian(issuer):
    """`/v1/mcp`: no resource metadata, its own authorization server, a refresh token that changes each time."""
    metadata = {"issuer": issuer, **S256, **endpoints("https://mcp.atlassian.com/v1")}
    return Provider(
        mcp_url="https://mcp.atlassian.com/v1/mcp",
        challenge='Bearer realm="OAuth", error="invalid_token"',
        documents={"https://mcp.atlassian.com/.well-known/oauth-authorization-server": metadata},
        token=rotating("atlassian"),
        register=registering(),
    )


def test_atlassian_is_an_old_server_by_evidence():
    session = lives(Life(atlassian("https://mcp.atlassian.com")))
    assert session.server.source is MetadataSource.LEGACY
    assert session.resource == "https://mcp.atlassian.com/v1/mcp"


@requirement("ASM-8")
def test_an_issuer_of_another_host_or_path_is_refused_at_atlassian_too_and_no_profile_helps():
    with pytest.raises(IssuerMismatch, match=r"cf\.mcp\.atlassian\.com") as caught:
        Life(atlassian("https://cf.mcp.atlassian.com")).log_in()
    assert "issuer=" in caught.value.hint
    tenant = "https://auth.atlassian.com/VCeDsk8ZHncYF1g234fKtc4lNipbBhu3"
    authv2 = provider("https://mcp.atlassian.com/v1/mcp/authv2", tenant, endpoints("https://auth.atlassian.com"))
    inserted = tenant.replace(".com/", ".com/.well-known/oauth-authorization-server/")
    shortened = {"issuer": "https://auth.atlassian.com", **S256, **endpoints("https://auth.atlassian.com")}
    authv2.documents = {**authv2.documents, inserted: shortened}
    with pytest.raises(IssuerMismatch) as caught:
        Life(authv2).log_in()
    assert (caught.value.expected, caught.value.received) == (tenant, "https://auth.atlassian.com")


def test_two_sites_of_one_atlassian_account_are_two_sessions_with_labels():
    provider = atlassian("https://mcp.atlassian.com")
    work, home = Life(provider, label="work"), Life(provider, label="home")
    home.store = work.store
    assert work.log_in().token != home.log_in().token
    assert work.kept() != home.kept()


# Notion: https://github.com/modelcontextprotocol/python-sdk/issues/3138, damianvtran/local-operator#345.


@requirement("TOK-4")
def test_notion_sees_the_secret_in_the_header_alone_and_each_refresh_token_once():
    inner = rotating("notion")

    def token(form):
        if "client_id" in form or "authorization" not in form:
            return Answer({"error": "invalid_client", "error_description": "Client credentials in two places"}, 401)
        return inner(form)

    changes = {"client_secret": "s", "token_endpoint_auth_method": "client_secret_basic"}
    notion = provider(
        "https://mcp.notion.com/mcp",
        "https://mcp.notion.com",
        endpoints("https://mcp.notion.com"),
        token=token,
        register=registering(**changes),
    )
    lives(Life(notion))
    used = [form.get("refresh_token") for form in notion.forms]
    assert used == [None, "notion-r1", "notion-r2"]


# Supabase: https://github.com/modelcontextprotocol/python-sdk/issues/1502. Its profile is for another matter.


def test_supabase_answers_with_201():
    lives(Life(recorded.supabase(), profile="none"))


# Datadog: https://github.com/punkpeye/mcp-remote/pull/240, agentic-community/mcp-gateway-registry#1638.


@requirement("SCP-3")
def test_an_empty_list_of_scopes_at_datadog_asks_for_none_and_the_client_stays_public():
    inner = rotating("dd")
    app = "https://app.datadoghq.com"
    named = endpoints(f"{app}/oauth2/v1")
    named["token_endpoint_auth_methods_supported"] = ["none"]

    def token(form):
        return inner(form) if not {"authorization", "client_secret"} & form.keys() else Answer({"error": "x"}, 401)

    datadog = provider("https://mcp.datadoghq.com/v1/mcp", app, named, token=token)
    for document in datadog.documents.values():
        if "resource" in document:
            document["scopes_supported"] = []
    lives(Life(datadog))
    assert "scope" not in datadog.authorizations[0]
    assert datadog.registrations[0]["token_endpoint_auth_method"] == "none"


# Vercel: https://github.com/UsefulSoftwareCo/executor/pull/1121.


def test_vercel_registers_loopback_addresses_only_which_is_what_we_have():
    inner = registering()

    def register(asked):
        if not all(each.startswith(("http://127.0.0.1:", "http://localhost:")) for each in asked["redirect_uris"]):
            text = "The provided redirect URIs are not approved for use by this authorization server."
            return Answer({"error": "invalid_redirect_uri", "error_description": text}, 400)
        return inner(asked)

    named = endpoints("https://vercel.com/api/login/oauth")
    session = lives(Life(provider("https://mcp.vercel.com/", "https://vercel.com", named, register=register)))
    assert session.client.origin is ClientOrigin.REGISTERED


# AWS: https://github.com/diillson/chatcli/pull/1308, CommandCodeAI/command-code#692. The hosts are made up.


@requirement("RES-1")
def test_a_client_that_aws_has_purged_costs_one_login_and_the_next_one_registers_anew():
    known = set()

    def register(asked):
        known.add(client_id := f"client-{len(known) + 1}")
        return Answer({**asked, "client_id": client_id}, 200)

    def authorize(asked):
        if asked["client_id"] not in known or "resource" not in asked:
            page = "400 Bad Request"
            raise ErrorPage(page)
        return {"code": "code-1"}

    inner = rotating("aws")

    def token(form):
        is_old = form["grant_type"] == "refresh_token" and form["client_id"] not in known
        return Answer({"error": "TOKEN_EXPIRED"}, 400) if is_old else inner(form)

    aws = provider(
        "https://aws-mcp.us-east-1.api.aws/mcp",
        "https://signin.aws.example",
        endpoints("https://signin.aws.example/v1"),
        register=register,
        authorize=authorize,
        token=token,
    )
    life = Life(aws)
    lives(life)
    known.clear()
    known.add("client-0")
    life.clock.time += 24 * HOUR
    with pytest.raises(LoginFailed):  # the page says so to the person, and to nobody else
        life.log_in()
    assert life.log_in().client.client_id == "client-2"


# Metabase: https://github.com/metabase/metabase/issues/80389. It runs under any name.


def test_a_refresh_token_that_metabase_calls_an_invalid_request_leads_to_a_login():
    refusal = Answer({"error": "invalid_request", "error_description": "The token request is invalid."}, 400)
    inner = rotating("mb")

    def token(form):
        return refusal if form["grant_type"] == "refresh_token" else inner(form)

    base = "https://metabase.example.com"
    life = Life(provider(f"{base}/api/metabase-mcp", base, endpoints(f"{base}/oauth"), token=token))
    first = life.log_in()
    life.clock.time += 24 * HOUR
    assert life.log_in().token.access_token != first.token.access_token
    grants = [form["grant_type"] for form in life.provider.forms]
    assert grants == ["authorization_code", "refresh_token", "authorization_code"]


# Cloudflare: https://github.com/cloudflare/mcp-server-cloudflare/issues/457.


@requirement("SCP-3")
def test_cloudflare_hears_of_no_scope_that_nobody_named():
    def authorize(asked):
        if "openid" in asked.get("scope", "").split():
            page = "Unknown OAuth scope: openid"
            raise ErrorPage(page)
        return {"code": "code-1"}

    base = "https://mcp.cloudflare.com"
    lives(Life(provider(f"{base}/mcp", base, endpoints(base), authorize=authorize)))


# Retool and Superhuman: https://github.com/modelcontextprotocol/typescript-sdk/issues/2783.


@requirement("PRM-5", "ASM-7")
@pytest.mark.parametrize("resource", ["https://hashnote.retool.com/mcp", "https://hashnote.retool.com"])
def test_a_401_where_retool_has_no_document_leads_to_the_next_place(resource):
    base = "https://hashnote.retool.com"
    retool = provider(f"{base}/mcp", base, endpoints(f"{base}/api/oauth"), resource=resource)
    place = f"{base}/.well-known/oauth-protected-resource"
    moved = {**retool.documents, place: retool.documents[f"{place}/mcp"], f"{place}/mcp": Answer("Unauthorized", 401)}
    retool.documents = moved
    assert lives(Life(retool)).resource == resource


@requirement("ASM-7")
def test_a_403_in_front_of_the_documents_of_superhuman_leads_to_the_next_place():
    mcp, issuer = "https://docs.superhuman.com/apis/mcp", "https://id.superhuman.com"
    superhuman = provider(mcp, issuer, endpoints(issuer))
    metadata = superhuman.documents[f"{issuer}/.well-known/oauth-authorization-server"]
    superhuman.documents = {
        **superhuman.documents,
        f"{issuer}/.well-known/oauth-authorization-server": FORBIDDEN,
        f"{issuer}/.well-known/openid-configuration": metadata,
    }
    lives(Life(superhuman))
