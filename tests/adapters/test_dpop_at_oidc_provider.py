# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Tokens that are bound to a key, issued by a real authorization server, which checks every proof itself."""

import time

import httpx2
import jwt
import pytest

from tests.adapters.server import Answer, McpServer
from tests.fakes.dpop import ProofChecks
from tests.requirements import requirement
from tests.servers import MACHINE_CLIENT, browser_environment, oidc_provider
from valetkey.httpx2 import OAuth
from valetkey.protocol.dpop import thumbprint
from valetkey.values import Secret, TokenType


class JwtMcpServer(McpServer):
    """An MCP server that takes the bound tokens of another authorization server, and reads the key from the token."""

    def __init__(self):
        super().__init__(publishes_scopes=("mcp",))
        self.proofs = ProofChecks(now=time.time)
        self.keys = []
        self.ended = set()
        self.routes["/mcp"] = self.guarded

    def guarded(self, seen):
        scheme, _, token = (seen.field("authorization") or "").partition(" ")
        method, target = seen.line.split()[:2]
        key, _ = self.proofs.check(seen.fields, method, self.origin + target, token)
        if scheme != "DPoP" or token in self.ended or key is None:
            challenge = f'DPoP algs="ES256", resource_metadata="{self.metadata_url}"'
            return Answer(401, (("WWW-Authenticate", challenge),), b"")
        self.keys.append((key, jwt.decode(token, options={"verify_signature": False})["cnf"]["jkt"]))
        return Answer()


@pytest.fixture
def server():
    with JwtMcpServer() as running:
        yield running


@pytest.fixture(params=[False, True], ids=["no nonces", "nonces"])
def wants_nonces(request):
    """Whether the authorization server wants a nonce of its own in each proof."""
    return request.param


@pytest.fixture
def issuer(wants_nonces, server):
    """The authorization server."""
    with oidc_provider([server.url], switches={"DPOP_NONCES": "1" if wants_nonces else ""}) as running:
        server.authorization.names_issuers = (running.url,)
        yield running


def token_requests(issuer):
    """Give status and grant of the token requests."""
    return [(entry["status"], entry["grant_type"]) for entry in issuer.log() if entry["path"] == "/token"]


def after_a_nonce(wants_nonces, *requests):
    """Give the token requests that are expected: the first one is made twice for a nonce, and no other."""
    return [(400, requests[0][1]), *requests] if wants_nonces else [*requests]


@requirement("DPOP-1", "DPOP-2", "DPOP-4", "DPOP-6", "DPOP-8")
def test_a_person_logs_in_once_and_the_session_goes_on_with_the_same_key(server, issuer, wants_nonces, monkeypatch):
    for name, value in browser_environment().items():
        monkeypatch.setenv(name, value)
    auth = OAuth(server.url, store="memory:")
    with httpx2.Client(auth=auth, trust_env=False) as client:
        for _ in range(3):
            assert client.post(server.url, json={}).status_code == 200
            server.ended.add(auth.engine.session.token.access_token.reveal())
    key = thumbprint(auth.engine.session.dpop_key)
    assert server.keys == [(key, key)] * 3
    granted = (200, "authorization_code"), (200, "refresh_token"), (200, "refresh_token")
    assert token_requests(issuer) == after_a_nonce(wants_nonces, *granted)


@requirement("DPOP-1", "DPOP-4", "CC-4")
def test_a_machine_proves_itself_and_its_key(server, issuer, wants_nonces):
    name, secret = MACHINE_CLIENT
    auth = OAuth(server.url, store="memory:", client_id=name, client_secret=Secret(secret), issuer=issuer.url)
    with httpx2.Client(auth=auth, trust_env=False) as client:
        assert client.post(server.url, json={}).status_code == 200
    assert auth.engine.session.token.token_type is TokenType.DPOP
    assert token_requests(issuer) == after_a_nonce(wants_nonces, (200, "client_credentials"))
