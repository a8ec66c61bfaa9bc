# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Haystack's tools with tokens that are bound to a key: each request is proved, and the server checks it."""

import asyncio
import json

import httpx
import httpx2
import pytest
from haystack.utils import Secret

from haystack_integrations.tools.mcp_oauth import OAuthConfig, StreamableHttpServerInfo
from haystack_integrations.tools.mcp_oauth._mcp_session.failures import RequestRejected
from haystack_integrations.tools.mcp_oauth._mcp_session.gate import Gate
from haystack_integrations.tools.mcp_oauth._mcp_session.http_client import guarded_client_class
from tests.adapters.bound import BoundMcpServer
from tests.adapters.server import Answer
from tests.fakes.authorization_server import MCP
from tests.fakes.dpop import ProofChecks
from tests.fakes.world import World, a_session
from tests.haystack.calling import call, tool_of
from tests.haystack.one_server import as_raised_by_the_sdk
from tests.requirements import requirement
from valetkey._adapters.event_stream import EventStream
from valetkey._adapters.failures import HttpError
from valetkey._clients.dpop import create_key
from valetkey.errors import StoreError
from valetkey.values import Secret as ValetkeySecret
from valetkey.values import TokenType

CALL = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "add"}}
ELSEWHERE = "https://elsewhere.example/mcp"
WANTS_NONCE = {"status_code": 401, "headers": {"WWW-Authenticate": 'DPoP error="use_dpop_nonce"', "DPoP-Nonce": "n-1"}}
INVALID = {"status_code": 401, "headers": {"WWW-Authenticate": 'DPoP error="invalid_token"'}}
DONE = {"status_code": 200, "json": {"jsonrpc": "2.0", "id": 7, "result": {}}}


@pytest.fixture(params=[httpx, httpx2], ids=["httpx", "httpx2"])
def library(request):
    return request.param


@pytest.fixture
def gate():
    return gate_with(create_key("ES256"))


def gate_with(key):
    """Make a gate whose engine has a token that is bound to a key."""
    world = World()
    world.keep(a_session(dpop_key=key))
    return Gate(world.engine())


def exchange(library, gate, *answers, method="POST", events=None):
    """Send a request to a server that answers so, one after the other, and give what it saw and the response."""
    seen, waiting = [], list(answers)

    def handle(request):
        seen.append(library.Request(request.method, request.url, headers=request.headers.multi_items()))
        return library.Response(**waiting.pop(0))

    async def send():
        client_class = guarded_client_class(library, gate, events)
        async with client_class(transport=library.MockTransport(handle), follow_redirects=True) as client:
            request = client.build_request(method, MCP, json=CALL if method == "POST" else None)
            response = await client.send(request, stream=True)
            await response.aread()
            return response

    response = asyncio.run(send())
    assert waiting == []
    return seen, response


def check(checks, request):
    """Check a request as the MCP server does."""
    assert request.headers["Authorization"] == "DPoP access-0"
    return checks.check(request.headers.multi_items(), request.method, str(request.url), "access-0")


@requirement("DPOP-1", "DPOP-2")
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_a_request_carries_the_token_and_a_proof(library, gate, method):
    (request,), _ = exchange(library, gate, DONE, method=method)
    checks = ProofChecks()
    assert check(checks, request)[0] is not None
    assert checks.seen[0]["htm"] == method


@requirement("DPOP-3", "DPOP-4")
@pytest.mark.parametrize(("method", "events"), [("POST", False), ("POST", True), ("GET", False), ("GET", True)])
def test_a_server_that_wants_its_nonce_gets_it_and_the_session_hears_nothing_of_it(library, gate, method, events):
    stream = {"status_code": 200, "headers": {"Content-Type": "text/event-stream"}, "text": "data: 1\n\n"}
    answer = stream if method == "GET" else DONE
    seen, response = exchange(
        library, gate, WANTS_NONCE, answer, method=method, events=EventStream() if events else None
    )
    assert response.status_code == 200
    assert gate.rejected is None
    checks = ProofChecks(nonce="n-1")
    assert [check(checks, request)[1] for request in seen] == ["use_dpop_nonce", None]


@requirement("DPOP-4")
def test_a_nonce_that_is_wanted_again_is_no_reason_for_another_token(library, gate):
    _, response = exchange(library, gate, WANTS_NONCE, WANTS_NONCE)
    assert type(gate.failure_behind(as_raised_by_the_sdk(response.json()))) is HttpError
    assert gate.rejected is None


def test_a_token_that_is_rejected_is_told_as_ever(library, gate):
    _, response = exchange(library, gate, INVALID)
    reason = gate.failure_behind(as_raised_by_the_sdk(response.json()))
    assert type(reason) is RequestRejected
    assert reason.token.token_type is TokenType.DPOP


@requirement("DPOP-2", "DPOP-3")
def test_each_address_that_a_redirect_leads_to_gets_a_proof_of_its_own(library, gate):
    seen, response = exchange(library, gate, {"status_code": 307, "headers": {"Location": "/mcp/"}}, DONE)
    assert response.status_code == 200
    checks = ProofChecks()
    assert [check(checks, request)[1] for request in seen] == [None, None]
    assert [claims["htu"] for claims in checks.seen] == [MCP, f"{MCP}/"]


@requirement("USE-6")
def test_another_origin_that_a_redirect_leads_to_gets_neither_token_nor_proof(library, gate):
    seen, _ = exchange(library, gate, {"status_code": 307, "headers": {"Location": ELSEWHERE}}, DONE)
    assert "Authorization" in seen[0].headers
    assert {"authorization", "dpop"} & set(seen[1].headers) == set()


def test_a_proof_that_cannot_be_made_is_an_answer(library):
    gate = gate_with(ValetkeySecret("damaged"))
    _, response = exchange(library, gate)
    assert type(gate.failure_behind(as_raised_by_the_sdk(response.json()))) is StoreError


class ToolServer(BoundMcpServer):
    """The MCP server that checks proofs, with one tool."""

    def guarded(self, seen):
        answer = super().guarded(seen)
        if answer.status != 200:
            return answer
        if not seen.body:
            return Answer(405)
        message = json.loads(seen.body)
        if "id" not in message:
            return Answer(202, answer.fields, b"")
        result = getattr(self, message["method"].replace("/", "_"))(message.get("params"))
        body = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}).encode()
        return Answer(200, answer.fields, body)

    def initialize(self, params):
        server = {"name": "bound", "version": "1"}
        return {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": server}

    def tools_list(self, _):
        return {"tools": [{"name": "add", "description": "Add.", "inputSchema": {"type": "object"}}]}

    def tools_call(self, _):
        return {"content": [{"type": "text", "text": "3"}]}


@requirement("DPOP-1", "DPOP-4", "WWW-10")
def test_a_toolset_uses_a_server_that_takes_only_bound_tokens(open_toolset):
    with ToolServer() as server:
        server.proofs.nonce = server.authorization.proofs.nonce = "n-1"
        server.authorization.knows("machine", secret="s3cret")
        proof = {"client_secret": Secret.from_token("s3cret"), "issuer": server.authorization.issuer}
        config = OAuthConfig(client_id="machine", token_storage="memory:", **proof)
        toolset = open_toolset(StreamableHttpServerInfo(url=server.url, oauth_config=config))
        server.next_nonces = ["n-2"]
        assert call(tool_of(toolset)) == "3"
        assert call(tool_of(toolset)) == "3"
        assert {seen.field("authorization").partition(" ")[0] for seen in server.seen[1:]} == {"DPoP"}
        assert server.authorization.grant_types() == ["client_credentials", "client_credentials"]
        assert [fault for fault in server.proofs.refused if "nonce" not in fault] == []
