# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What real providers publish and answer, reduced to the members that matter; hosts and values shortened."""

GOOGLE_RESOURCE = {
    "resource": "https://tools.googleapis.example/mcp",
    "authorization_servers": ["https://accounts.google.com/"],
    "scopes_supported": ["https://www.googleapis.com/auth/cloud-platform"],
    "bearer_methods_supported": ["header"],
}
GOOGLE_SERVER = {
    "issuer": "https://accounts.google.com",
    "authorization_endpoint": "https://accounts.google.com/o/oauth2/v2/auth",
    "token_endpoint": "https://oauth2.googleapis.com/token",
    "response_types_supported": ["code", "token", "id_token"],
    "scopes_supported": ["openid", "email", "profile"],
    "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
    "code_challenge_methods_supported": ["plain", "S256"],
}

AUTH0_SERVER = {
    "issuer": "https://tenant.eu.auth0.com/",
    "authorization_endpoint": "https://tenant.eu.auth0.com/authorize",
    "token_endpoint": "https://tenant.eu.auth0.com/oauth/token",
    "registration_endpoint": "https://tenant.eu.auth0.com/oidc/register",
    "code_challenge_methods_supported": ["S256", "plain"],
}

COGNITO_SERVER = {
    "issuer": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Pool",
    "authorization_endpoint": "https://pool.auth.eu-west-1.amazoncognito.com/oauth2/authorize",
    "token_endpoint": "https://pool.auth.eu-west-1.amazoncognito.com/oauth2/token",
    "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    "scopes_supported": ["openid", "email", "phone", "profile"],
}

DATADOG_RESOURCE = {
    "resource": "https://mcp.datadoghq.example/api/mcp",
    "authorization_servers": ["https://app.datadoghq.example"],
    "scopes_supported": [],
}

ENTRA_TOKEN = {
    "token_type": "Bearer",
    "expires_in": "3599",
    "ext_expires_in": "3599",
    "expires_on": "1700003599",
    "not_before": "1699999700",
    "access_token": "eyJ0eXAiOiJKV1Qi.e30.c2ln",
    "refresh_token": "0.AXEA-entra",
}

GITHUB_TOKEN = b"access_token=gho_16C7e42F292c6912E7710c838347Ae178B4a&scope=repo%2Cgist&token_type=bearer"
GITHUB_REFUSAL = (
    b"error=bad_verification_code"
    b"&error_description=The+code+passed+is+incorrect+or+expired."
    b"&error_uri=https%3A%2F%2Fdocs.github.com%2F"
)

SUPABASE_TOKEN = {"access_token": "sbp_1", "refresh_token": "sbr_1", "expires_in": 86_400, "token_type": "Bearer"}
SUPABASE_STALE_CLIENT = {"message": "Unrecognized client_id"}

FIGMA_NOT_ON_THE_LIST = b"Forbidden"
FIGMA_CLIENT = {
    "client_id": "figma-client",
    "client_secret": "figma-secret",
    "token_endpoint_auth_method": "none",
    "redirect_uris": ["http://127.0.0.1:49152/callback"],
}

SENTRY_CHALLENGE = (
    'Bearer realm="OAuth", '
    'resource_metadata="https://mcp.sentry.example/.well-known/oauth-protected-resource/mcp/org", '
    'resource_metadata="https://mcp.sentry.example/.well-known/oauth-protected-resource", '
    'error="invalid_token"'
)
