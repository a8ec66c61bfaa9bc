# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Answers of servers and the values around them, as the tests of the protocol need them."""

import json
from urllib.parse import parse_qsl

from valetkey.protocol.authorization import AuthorizationRequest
from valetkey.values import Client, Secret, ServerMetadata
from valetkey.wire import HttpResponse

ISSUER = "https://as.example"
MCP = "https://mcp.example/mcp"
TOKEN_ENDPOINT = "https://as.example/token"
REDIRECT = "http://127.0.0.1:49152/callback"

SERVER = ServerMetadata(
    issuer=ISSUER,
    authorization_endpoint="https://as.example/authorize",
    token_endpoint=TOKEN_ENDPOINT,
    registration_endpoint="https://as.example/register",
    code_challenge_methods_supported=("S256",),
)
CLIENT = Client("client-1", ISSUER)
PENDING = AuthorizationRequest(
    server=SERVER,
    client=CLIENT,
    redirect_uri=REDIRECT,
    resource=MCP,
    scope=("read", "write"),
    state=Secret("state-canary"),
    verifier=Secret("verifier-canary-verifier-canary-verifier-can"),
)

PAGE = b"<!doctype html><title>Log in</title>"


def json_answer(document, status=200, url=TOKEN_ENDPOINT, headers=()):
    return HttpResponse(status, url, (("Content-Type", "application/json"), *headers), json.dumps(document).encode())


def raw_answer(body, status=200, url=TOKEN_ENDPOINT, media_type="text/html", headers=()):
    return HttpResponse(status, url, (("Content-Type", media_type), *headers), body)


def form_of(request):
    """The parameters in a request's body, in order, repeated ones included."""
    return parse_qsl(request.body.decode("ascii"), keep_blank_values=True, strict_parsing=True)
