# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The doctor finds no fault with a server that does what the specifications leave open in another way."""

import pytest

from tests.doctor.wire import (
    GOOD,
    ISSUER,
    MCP,
    NOT_FOUND,
    OPENID,
    ORIGIN,
    PING,
    RESOURCE,
    ROOT_RESOURCE,
    SERVER,
    STREAM,
    answer,
    examined,
    resource,
    server,
)
from valetkey._cli.doctor.findings import Mark

TENANT = f"{ISSUER}/tenant"
BEARER = f'Bearer resource_metadata="{RESOURCE}"'
OF_TENANT = {
    f"GET {RESOURCE}": resource(authorization_servers=[TENANT]),
    f"GET {TENANT}/authorize": answer(302, location="/sign-in"),
}

LOGINS = {
    "scheme in lower case": {PING: answer(401, www_authenticate=BEARER.replace("Bearer", "bearer"))},
    "refresh tokens asked for in the challenge": {
        PING: answer(401, www_authenticate=f'{BEARER}, scope="tools offline_access"')
    },
    "spaces around the equals sign": {PING: answer(401, www_authenticate=BEARER.replace("=", " = "))},
    "escapes in a quoted text": {PING: answer(401, www_authenticate=rf'Bearer realm="a, \"b\"", {BEARER[7:]}')},
    "Basic and Bearer in one field": {PING: answer(401, www_authenticate=f'Basic realm="x", {BEARER}')},
    "Negotiate in a field of its own": {PING: f"401\nWWW-Authenticate: Negotiate\nwww-authenticate: {BEARER}\n\n"},
    "a page as the body of the 401": {
        PING: answer(401, "<!doctype html><title>Just a moment", www_authenticate=BEARER, content_type="text/html")
    },
    "media type with a charset": {
        f"GET {RESOURCE}": resource().replace("application/json", "Application/JSON; charset=UTF-8"),
        f"GET {SERVER}": server().replace("application/json", "application/json;charset=utf-8"),
    },
    "metadata at another host": {
        PING: answer(401, www_authenticate='Bearer resource_metadata="https://meta.example.net/mcp"'),
        "GET https://meta.example.net/mcp": resource(),
    },
    "OpenID metadata alone": {f"GET {SERVER}": NOT_FOUND, f"GET {OPENID}": server()},
    "issuer with a path": {**OF_TENANT, f"GET {ISSUER}/.well-known/oauth-authorization-server/tenant": server(TENANT)},
    "OpenID metadata behind the path": {**OF_TENANT, f"GET {TENANT}/.well-known/openid-configuration": server(TENANT)},
    "endpoints at other hosts": {
        f"GET {SERVER}": server(token_endpoint="https://api.example.com/t", registration_endpoint=f"{ORIGIN}/register"),
        "GET https://api.example.com/t": answer(405),
    },
    "a query in the authorization endpoint": {
        f"GET {SERVER}": server(authorization_endpoint=f"{ISSUER}/authorize?tenant=1"),
        f"GET {ISSUER}/authorize?tenant=1": answer(200, "<html>", content_type="text/html"),
    },
    "everything announced": {
        f"GET {SERVER}": server(
            client_id_metadata_document_supported=True,
            code_challenge_methods_supported=["plain", "S256"],
            device_authorization_endpoint=f"{ISSUER}/device",
            dpop_signing_alg_values_supported=["ES256"],
            pushed_authorization_request_endpoint=f"{ISSUER}/par",
            require_signed_request_object=False,
            response_modes_supported=["query", "fragment", "form_post"],
            scopes_supported=["tools", "openid"],
            token_endpoint_auth_methods_supported=["client_secret_basic", "none"],
        ),
        f"GET {RESOURCE}": resource(bearer_methods_supported=["header"], dpop_bound_access_tokens_required=False),
    },
    "nothing announced that has a default": {
        f"GET {SERVER}": server(grant_types_supported=None, response_modes_supported=None)
    },
    "bound tokens that are offered": {
        f"GET {RESOURCE}": resource(dpop_bound_access_tokens_required=True),
        f"GET {SERVER}": server(dpop_signing_alg_values_supported=["ES256"]),
    },
}

_OPEN = {f"GET {url}": NOT_FOUND for url in (RESOURCE, ROOT_RESOURCE, SERVER)}
OPEN = {
    "a ping is answered": {PING: answer(200, {"jsonrpc": "2.0", "id": 1, "result": {}})},
    "a session is wanted first": {
        PING: answer(400, {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "Missing session ID"}})
    },
    "only the newest revision": {
        PING: answer(400, {"jsonrpc": "2.0", "id": 1, "error": {"code": -32022, "message": "Unsupported version"}})
    },
    "words about a field of MCP": {PING: answer(400, {"error": "The MCP-Protocol-Version header is required"})},
    "a refusal that speaks of tokens of another kind": {
        PING: answer(
            400, {"jsonrpc": "2.0", "id": 1, "error": {"code": -32700, "message": "Unexpected token < in JSON"}}
        )
    },
    "a stream that answers": {PING: answer(200, "event: message\n\n", content_type="text/event-stream")},
}


@pytest.mark.parametrize("answers", LOGINS.values(), ids=LOGINS)
def test_a_login_at_a_good_server_has_no_warning(answers):
    report = examined({**GOOD, **answers})
    assert [each.kind.code for step in report.steps for each in step.findings if each.worth is not Mark.OK] == []
    assert (report.verdict.name, report.verdict.exit_code) == ("works", 0)


@pytest.mark.parametrize("answers", OPEN.values(), ids=OPEN)
def test_a_server_without_a_login_has_no_warning(answers):
    report = examined({**_OPEN, STREAM: answer(405), **answers}, url=MCP)
    assert [each.kind.code for step in report.steps for each in step.findings if each.worth is not Mark.OK] == []
    assert (report.verdict.name, report.verdict.exit_code) == ("not_needed", 0)
