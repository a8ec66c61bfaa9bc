# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The providers that have a profile, as they were recorded; the profile's `evidence` says where.

Members that do not matter here are left out; tenants, clients and tokens are made up.
"""

from tests.profiles.replay import FORBIDDEN, Answer, ErrorPage, Form, Provider

SECRET = "s3cret"

# Microsoft Entra ID.

TENANT = "11111111-2222-3333-4444-555555555555"
ENTRA = f"https://login.microsoftonline.com/{TENANT}/v2.0"
_ENTRA_SCOPE = "api://66666666-7777-8888-9999-000000000000/user_impersonation"
_ENTRA_DEFAULT = "api://66666666-7777-8888-9999-000000000000/.default"


def _aadsts(number: int, text: str, error: str) -> Answer:
    refusal = {
        "error": error,
        "error_description": f"AADSTS{number}: {text} Trace ID: x Timestamp: 2026-08-26 01:06:39Z",
    }
    return Answer({**refusal, "error_codes": [number]}, 400)


def _entra_login(asked: Form) -> dict[str, str]:
    if "resource" in asked:
        page = "AADSTS9010010: The resource parameter provided in the request doesn't match with the requested scopes."
        raise ErrorPage(page)
    if "scope" not in asked:
        page = "AADSTS900144: The request body must contain the following parameter: 'scope'."
        raise ErrorPage(page)
    if not asked["redirect_uri"].startswith("http://localhost:"):
        page = "AADSTS50011: The redirect URI specified in the request does not match the ones that are configured."
        raise ErrorPage(page)
    return {"code": "1.AXEA-code", "session_state": "0012"}


def _entra_token(form: Form) -> Answer:
    if "resource" in form:
        text = "The resource parameter provided in the request doesn't match with the requested scopes."
        return _aadsts(9010010, text, "invalid_target")
    if form["grant_type"] == "refresh_token" and "scope" not in form:
        text = "Application 'x'(x) is requesting a token for itself. This scenario is supported only if resource is"
        return _aadsts(90009, f"{text} specified using the GUID based App Identifier.", "invalid_request")
    if _ENTRA_DEFAULT in form.get("scope", "").split():
        text = ".default scope can't be combined with resource-specific scopes."
        return _aadsts(70011, text, "invalid_scope")
    numbers = {"expires_in": "3599", "ext_expires_in": "3599", "expires_on": "1700003599", "not_before": "1699999700"}
    scope = f"{_ENTRA_SCOPE} {_ENTRA_DEFAULT}"
    return Answer(
        {
            **numbers,
            "token_type": "Bearer",
            "scope": scope,
            "access_token": f"eyJ0eXAi.{form['grant_type']}.sig",
            "refresh_token": "0.AXEA-r",
        }
    )


def entra(issuer: str = ENTRA) -> Provider:
    return Provider(
        mcp_url="https://mcp.contoso.example/mcp",
        documents={
            "https://mcp.contoso.example/.well-known/oauth-protected-resource/mcp": {
                "resource": "https://mcp.contoso.example/mcp",
                "authorization_servers": [issuer],
                "scopes_supported": [_ENTRA_SCOPE],
            },
            f"{ENTRA}/.well-known/openid-configuration": {
                "issuer": ENTRA,
                "authorization_endpoint": f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/authorize",
                "token_endpoint": f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/devicecode",
                "token_endpoint_auth_methods_supported": [
                    "client_secret_post",
                    "private_key_jwt",
                    "client_secret_basic",
                ],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
                "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            },
            "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration": {
                "issuer": "https://login.microsoftonline.com/{tenantid}/v2.0",
                "authorization_endpoint": "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
                "token_endpoint": "https://login.microsoftonline.com/common/oauth2/v2.0/token",
            },
        },
        authorize=_entra_login,
        token=_entra_token,
    )


# Google.

_CALENDAR = "https://calendarmcp.googleapis.com"
_CALENDAR_METADATA = {
    "resource": f"{_CALENDAR}/mcp/v1",
    "authorization_servers": ["https://accounts.google.com/"],
    "scopes_supported": ["https://www.googleapis.com/auth/calendar"],
    "bearer_methods_supported": ["header"],
}


def google() -> Provider:
    provider: Provider

    def token(form: Form) -> Answer:
        members = {"access_token": f"ya29.{form['grant_type']}", "expires_in": 3599, "token_type": "Bearer"}
        asked = provider.authorizations[-1]
        if form["grant_type"] == "authorization_code" and asked.get("access_type") == "offline":
            members["refresh_token"] = "1//0g-refresh"
        return Answer(members)

    provider = Provider(
        mcp_url=f"{_CALENDAR}/mcp/v1",
        challenge=f'Bearer resource_metadata="{_CALENDAR}/.well-known/oauth-protected-resource/list_calendars"',
        documents={
            f"{_CALENDAR}/.well-known/oauth-protected-resource/list_calendars": _CALENDAR_METADATA,
            f"{_CALENDAR}/.well-known/oauth-protected-resource/mcp/v1": _CALENDAR_METADATA,
            "https://accounts.google.com/.well-known/oauth-authorization-server": {
                "issuer": "https://accounts.google.com",
                "authorization_endpoint": "https://accounts.google.com/o/oauth2/v2/auth",
                "token_endpoint": "https://oauth2.googleapis.com/token",
                "revocation_endpoint": "https://oauth2.googleapis.com/revoke",
                "scopes_supported": ["openid", "email", "profile"],
                "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
                "code_challenge_methods_supported": ["plain", "S256"],
            },
        },
        token=token,
    )
    return provider


# GitHub.


def _github_token(form: Form) -> Answer:
    if form.get("client_secret") != SECRET:
        error = "error=incorrect_client_credentials&error_description=The+client_id+and%2For+client_secret+is+wrong."
        return Answer(error, media_type="application/x-www-form-urlencoded; charset=utf-8")
    if form.get("refresh_token") == "ghr_dead":
        text = "The refresh token passed is incorrect or expired."
        return Answer({"error": "bad_refresh_token", "error_description": text})
    members = {"access_token": f"ghu_{form['grant_type']}", "token_type": "bearer", "scope": "repo,gist"}
    return Answer({**members, "expires_in": 28800, "refresh_token": "ghr_1", "refresh_token_expires_in": 15811200})


def github() -> Provider:
    mcp = "https://api.githubcopilot.com"
    return Provider(
        mcp_url=f"{mcp}/mcp",
        challenge=f'Bearer error="invalid_request", resource_metadata="{mcp}/.well-known/oauth-protected-resource/mcp"',
        documents={
            f"{mcp}/.well-known/oauth-protected-resource/mcp": {
                "resource": f"{mcp}/mcp/",
                "authorization_servers": ["https://github.com/login/oauth"],
                "scopes_supported": ["repo", "gist"],
            },
            "https://github.com/.well-known/oauth-authorization-server/login/oauth": {
                "issuer": "https://github.com/login/oauth",
                "authorization_endpoint": "https://github.com/login/oauth/authorize",
                "token_endpoint": "https://github.com/login/oauth/access_token",
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code", "refresh_token"],
                "code_challenge_methods_supported": ["S256"],
            },
        },
        token=_github_token,
    )


# Amazon Cognito, in front of a Bedrock AgentCore gateway.

COGNITO = "https://cognito-idp.us-east-2.amazonaws.com/us-east-2_AbCdEfGhI"


def cognito() -> Provider:
    gateway = "https://example.gateway.bedrock-agentcore.us-east-2.amazonaws.com"
    domain = "https://pool.auth.us-east-2.amazoncognito.com"

    def token(form: Form) -> Answer:
        members = {
            "access_token": f"eyJraWQi.{form['grant_type']}.sig",
            "id_token": f"eyJraWQi.id-{form['grant_type']}.s",
        }
        refresh = {"refresh_token": "eyJjdHki.r"} if form["grant_type"] == "authorization_code" else {}
        return Answer({**members, **refresh, "expires_in": 3600, "token_type": "Bearer"})

    return Provider(
        mcp_url=f"{gateway}/mcp",
        documents={
            f"{gateway}/.well-known/oauth-protected-resource/mcp": {
                "resource": f"{gateway}/mcp",
                "authorization_servers": [COGNITO],
            },
            f"{COGNITO}/.well-known/openid-configuration": {
                "issuer": COGNITO,
                "authorization_endpoint": f"{domain}/oauth2/authorize",
                "token_endpoint": f"{domain}/oauth2/token",
                "revocation_endpoint": f"{domain}/oauth2/revoke",
                "end_session_endpoint": f"{domain}/logout",
                "response_types_supported": ["code", "token"],
                "scopes_supported": ["openid", "email", "phone", "profile"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            },
        },
        token=token,
    )


# Auth0.


def auth0(*, apis: tuple[str, ...], tenant: str = "https://tenant.eu.auth0.com") -> Provider:
    """
    A tenant whose Resource Parameter Compatibility Profile is off.

    :param apis: The identifiers of its APIs.
    """
    provider: Provider

    def authorize(asked: Form) -> dict[str, str]:
        if asked.get("audience", apis[0]) not in apis:
            return {"error": "access_denied", "error_description": f"Service not found: {asked['audience']}"}
        return {"code": "code-1"}

    def token(form: Form) -> Answer:
        machine = form["grant_type"] == "client_credentials"
        audience = (form if machine else provider.authorizations[-1]).get("audience")
        if machine and audience not in apis:
            text = f"Service not enabled within domain: {audience}"
            return Answer({"error": "access_denied", "error_description": text}, 403)
        kind = "opaque" if audience is None else f"eyJhbGci.{form['grant_type']}.sig"
        refresh = {} if machine else {"refresh_token": "v1.refresh"}
        return Answer({"access_token": kind, **refresh, "expires_in": 86400, "token_type": "Bearer"})

    provider = Provider(
        mcp_url="https://mcp.example.com/mcp",
        documents={
            "https://mcp.example.com/.well-known/oauth-protected-resource/mcp": {
                "resource": "https://mcp.example.com/mcp",
                "authorization_servers": [f"{tenant}/"],
                "scopes_supported": ["read:notes"],
            },
            f"{tenant}/.well-known/oauth-authorization-server": {
                "issuer": f"{tenant}/",
                "authorization_endpoint": f"{tenant}/authorize",
                "token_endpoint": f"{tenant}/oauth/token",
                "registration_endpoint": f"{tenant}/oidc/register",
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
                "code_challenge_methods_supported": ["S256", "plain"],
            },
        },
        authorize=authorize,
        token=token,
        register=lambda asked: Answer({**asked, "client_id": "tpc_1"}, 201),
    )
    return provider


# Slack.


def slack(*, rotates: bool = True) -> Provider:
    def token(form: Form) -> Answer:
        if form.get("refresh_token") == "xoxe-1-dead":
            return Answer({"ok": False, "error": "invalid_refresh_token"})
        members = {"ok": True, "token_type": "Bearer", "scope": "search:read.public,chat:write", "team": {"id": "T0"}}
        rotating = {"refresh_token": "xoxe-1-next", "expires_in": 43200} if rotates else {}
        return Answer({**members, "access_token": f"xoxp-{form['grant_type']}", **rotating})

    def authorize(asked: Form) -> dict[str, str]:
        if not asked.get("scope"):
            page = "Invalid permissions requested"
            raise ErrorPage(page)
        return {"code": "1.2.3"}

    root = "https://mcp.slack.com/.well-known/oauth-protected-resource"
    return Provider(
        mcp_url="https://mcp.slack.com/mcp",
        documents={
            f"{root}/mcp": Answer("", 302, "text/html", (("Location", root),)),
            root: {
                "resource": "https://mcp.slack.com",
                "authorization_servers": ["https://mcp.slack.com"],
                "scopes_supported": ["search:read.public", "chat:write"],
            },
            "https://mcp.slack.com/.well-known/oauth-authorization-server": {
                "issuer": "https://mcp.slack.com",
                "authorization_endpoint": "https://slack.com/oauth/v2_user/authorize",
                "token_endpoint": "https://slack.com/api/oauth.v2.user.access",
                "code_challenge_methods_supported": ["S256"],
            },
        },
        authorize=authorize,
        token=token,
    )


# Figma.


def figma() -> Provider:
    return Provider(
        mcp_url="https://mcp.figma.com/mcp",
        documents={
            "https://mcp.figma.com/.well-known/oauth-protected-resource": {
                "resource": "https://mcp.figma.com/mcp",
                "authorization_servers": ["https://api.figma.com"],
                "scopes_supported": ["mcp:connect"],
            },
            "https://api.figma.com/.well-known/oauth-authorization-server": {
                "issuer": "https://api.figma.com",
                "authorization_endpoint": "https://www.figma.com/oauth/mcp",
                "token_endpoint": "https://api.figma.com/v1/oauth/token",
                "registration_endpoint": "https://api.figma.com/v1/oauth/mcp/register",
                "code_challenge_methods_supported": ["S256"],
            },
        },
        register=lambda asked: FORBIDDEN,
        token=lambda form: Answer({"access_token": "figu_1", "refresh_token": "figur_1", "expires_in": 7776000}),
    )


# HubSpot.


def hubspot() -> Provider:
    def token(form: Form) -> Answer:
        if form.get("client_secret") != SECRET:
            return Answer({"status": "BAD_CLIENT_ID", "error": "invalid_client"}, 400)
        members = {"access_token": f"CJ-{form['grant_type']}", "refresh_token": "na1-refresh", "expires_in": 1800}
        return Answer({**members, "token_type": "bearer"})

    return Provider(
        mcp_url="https://mcp.hubspot.com/",
        documents={
            "https://mcp.hubspot.com/.well-known/oauth-authorization-server": {
                "issuer": "https://mcp.hubspot.com",
                "authorization_endpoint": "https://mcp.hubspot.com/oauth/authorize/user",
                "token_endpoint": "https://mcp.hubspot.com/oauth/v3/token",
                "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
                "code_challenge_methods_supported": ["S256"],
            }
        },
        token=token,
    )


# Asana.

ASANA_ADDRESS = "http://localhost:27890/callback"


def asana() -> Provider:
    def authorize(asked: Form) -> dict[str, str]:
        if asked["redirect_uri"] != ASANA_ADDRESS:
            page = "invalid_request: The `redirect_uri` parameter does not match a valid url for the application."
            raise ErrorPage(page)
        return {"code": "2/1/2:code"}

    def token(form: Form) -> Answer:
        if form.get("authorization") != f"1214:{SECRET}":
            return Answer({"error": "invalid_client"}, 401)
        refresh = {"refresh_token": "2/1/r"} if form["grant_type"] == "authorization_code" else {}
        return Answer(
            {"access_token": f"2/{form['grant_type']}", "token_type": "bearer", "expires_in": 3600, **refresh}
        )

    return Provider(
        mcp_url="https://mcp.asana.com/v2/mcp",
        documents={
            "https://mcp.asana.com/.well-known/oauth-protected-resource/v2/mcp": {
                "resource": "https://mcp.asana.com/v2/mcp",
                "authorization_servers": ["https://app.asana.com"],
                "scopes_supported": ["default"],
            },
            "https://app.asana.com/.well-known/oauth-authorization-server": {
                "issuer": "https://app.asana.com",
                "authorization_endpoint": "https://app.asana.com/-/oauth_authorize",
                "token_endpoint": "https://app.asana.com/-/oauth_token",
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
                "code_challenge_methods_supported": ["S256"],
            },
        },
        authorize=authorize,
        token=token,
    )


# Supabase.


def supabase(known: set[str] | None = None) -> Provider:
    """Registers every program, and knows it for as long as it is among `known`."""
    clients = set() if known is None else known
    count, tokens = iter(range(1, 100)), iter(range(1, 100))

    def register(asked: Form) -> Answer:
        # A secret, and not a word about how to show it.
        clients.add(client_id := f"client-{next(count)}")
        document = {name: value for name, value in asked.items() if name != "token_endpoint_auth_method"}
        return Answer({**document, "client_id": client_id, "client_secret": "sb"}, 201)

    def token(form: Form) -> Answer:
        client_id = form.get("client_id") or form["authorization"].partition(":")[0]
        if client_id not in clients:
            return Answer({"message": "Unrecognized client_id"}, 422)
        if "authorization" not in form and "client_secret" not in form:
            return Answer({"message": "Required parameter: client_secret"}, 422)
        number = next(tokens)
        members = {"access_token": f"sbp-a{number}", "refresh_token": f"sbp-r{number}"}
        return Answer({**members, "token_type": "bearer", "expires_in": 3600}, 201)

    def authorize(asked: Form) -> dict[str, str]:
        if asked["client_id"] not in clients:
            page = '{"message":"Unrecognized client_id"}'
            raise ErrorPage(page)
        return {"code": "code-1"}

    base = "https://api.supabase.com/v1/oauth"
    return Provider(
        mcp_url="https://mcp.supabase.com/mcp",
        documents={
            "https://mcp.supabase.com/.well-known/oauth-protected-resource/mcp": {
                "resource": "https://mcp.supabase.com/mcp",
                "authorization_servers": ["https://api.supabase.com"],
            },
            "https://api.supabase.com/.well-known/oauth-authorization-server": {
                "issuer": "https://api.supabase.com",
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "code_challenge_methods_supported": ["S256"],
                "authorization_endpoint": f"{base}/authorize",
                "token_endpoint": f"{base}/token",
                "registration_endpoint": f"{base}/register",
            },
        },
        register=register,
        authorize=authorize,
        token=token,
    )
