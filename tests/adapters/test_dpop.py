# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Tokens that are bound to a key, in every way the adapters are used; the server checks each proof."""

import anyio
import pytest

from tests.adapters.bound import BoundMcpServer
from tests.adapters.server import Answer, McpServer
from tests.adapters.ways import WAYS
from tests.requirements import requirement
from valetkey.errors import Unsupported
from valetkey.settings import Settings

every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.library_name} {way.mode}")

CALL = {"json": {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}}


@pytest.fixture
def server():
    with BoundMcpServer() as running:
        yield running


@pytest.fixture
def elsewhere():
    """A server at another origin."""
    with McpServer(wants_login=False) as running:
        yield running


def schemes(server):
    """Give the scheme of each request's credential, None for one without."""
    fields = [seen.field("authorization") for seen in server.seen]
    return [None if field is None else field.partition(" ")[0] for field in fields]


@requirement("DPOP-1", "DPOP-2", "DPOP-3", "WWW-10")
@every_way
def test_every_request_carries_the_token_with_a_proof_of_its_own(way, server):
    requests = (
        ("POST", server.url, CALL),
        ("GET", f"{server.url}?a=b"),
        ("DELETE", server.url),
        ("POST", server.url, CALL),
    )
    responses = way.send(way.auth(server), *requests)
    assert [response.status_code for response in responses] == [200] * 4
    assert [len(response.history) for response in responses] == [1, 0, 0, 0]
    assert schemes(server) == [None, *["DPoP"] * 4]
    assert [(claims["htm"], claims["htu"]) for claims in server.proofs.seen] == [
        *(("POST", server.url), ("GET", server.url), ("DELETE", server.url), ("POST", server.url))
    ]
    assert server.proofs.refused == []
    assert len(server.person.asked) == 1


@requirement("DPOP-4", "DPOP-3")
@every_way
def test_a_server_that_wants_its_nonce_gets_the_request_again_with_it_at_once(way, server):
    server.proofs.nonce = "n-1"
    responses = way.send(way.auth(server), ("POST", server.url, CALL), ("POST", server.url, CALL))
    assert [response.status_code for response in responses] == [200, 200]
    assert [claims.get("nonce") for claims in server.proofs.seen] == [None, "n-1", "n-1"]
    assert {seen.body for seen in server.seen} == {server.seen[0].body}
    assert server.authorization.grant_types() == ["authorization_code"]


@requirement("DPOP-4")
@every_way
def test_the_nonce_of_the_latest_answer_is_the_one_that_is_used(way, server):
    server.next_nonces = ["n-1", "n-2", "n-3"]
    responses = way.send(way.auth(server), *[("POST", server.url, CALL)] * 3)
    assert [claims.get("nonce") for claims in server.proofs.seen] == [None, "n-1", "n-2"]
    assert [len(response.history) for response in responses] == [1, 0, 0]


@requirement("DPOP-4")
@every_way
def test_a_nonce_that_is_wanted_again_and_again_is_the_callers_and_no_reason_for_another_token(way, server):
    auth = way.auth(server)
    way.send(auth, ("POST", server.url, CALL))
    fields = (("WWW-Authenticate", 'DPoP error="use_dpop_nonce"'), ("DPoP-Nonce", "n"))
    server.routes["/mcp"] = lambda seen: Answer(401, fields, b"never")
    server.seen.clear()
    (response,) = way.send(auth, ("POST", server.url, CALL))
    assert (response.status_code, response.content) == (401, b"never")
    assert len(server.seen) == 3
    assert server.authorization.grant_types() == ["authorization_code"]


@requirement("DPOP-4")
@every_way
def test_a_server_that_wants_a_nonce_and_gives_none_is_not_asked_again(way, server):
    auth = way.auth(server)
    way.send(auth, ("POST", server.url, CALL))
    server.routes["/mcp"] = lambda seen: Answer(401, (("WWW-Authenticate", 'DPoP error="use_dpop_nonce"'),), b"")
    server.seen.clear()
    (response,) = way.send(auth, ("POST", server.url, CALL))
    assert response.status_code == 401
    assert len(server.seen) == 1


@requirement("DPOP-6")
@every_way
def test_a_token_that_has_been_ended_is_renewed_and_presented_with_the_same_key(way, server):
    auth = way.auth(server)
    way.send(auth, ("POST", server.url, CALL))
    server.authorization.forget_access_tokens()
    (response,) = way.send(auth, ("POST", server.url, CALL))
    assert response.status_code == 200
    assert server.authorization.grant_types() == ["authorization_code", "refresh_token"]
    assert len({str(header["jwk"]) for header in server.proofs.headers}) == 1


@requirement("DPOP-2", "DPOP-3")
@every_way
def test_where_the_server_sends_a_request_on_it_is_proved_for_the_new_address(way, server):
    """A client that follows a redirect takes the proof along, and that is for the first address."""
    server.routes["/mcp/moved"] = server.routes.pop("/mcp")
    server.routes["/mcp"] = lambda seen: Answer(307, (("Location", f"{server.url}/moved"),), b"")
    server.proofs.nonce = "n-1"
    (response,) = way.send(way.auth(server), ("POST", server.url, CALL), follow_redirects=True)
    assert response.status_code == 200
    moved = "/mcp/moved"
    assert [seen.path for seen in server.seen] == ["/mcp", moved, "/mcp", moved, moved, moved]
    assert len(server.proofs.refused) == 2  # for the first address, and without a nonce
    assert server.proofs.seen[-1]["htu"] == f"{server.url}/moved"
    assert server.seen[-1].body == server.seen[0].body
    assert server.authorization.grant_types() == ["authorization_code"]


@requirement("USE-6")
@every_way
def test_a_redirect_to_another_origin_takes_no_token_along(way, server, elsewhere):
    """A proof that is left behind is for another address and without its token: it proves nothing to anybody."""
    auth = way.auth(server)
    way.send(auth, ("POST", server.url, CALL))
    server.routes["/mcp/moved"] = lambda seen: Answer(307, (("Location", elsewhere.url),), b"")
    (response,) = way.send(auth, ("POST", f"{server.url}/moved", CALL), follow_redirects=True)
    assert response.status_code == 200
    assert [seen.field("authorization") for seen in elsewhere.seen] == [None]
    assert server.seen[-1].field("authorization") is not None


@every_way
def test_what_another_origin_says_of_proofs_after_a_redirect_is_the_callers(way, server, elsewhere):
    auth = way.auth(server)
    way.send(auth, ("POST", server.url, CALL))
    server.routes["/mcp/moved"] = lambda seen: Answer(307, (("Location", elsewhere.url),), b"")
    fields = (("WWW-Authenticate", 'DPoP error="use_dpop_nonce"'), ("DPoP-Nonce", "theirs"))
    elsewhere.routes["/mcp"] = lambda seen: Answer(401, fields, b"")
    (response,) = way.send(auth, ("POST", f"{server.url}/moved", CALL), follow_redirects=True)
    assert response.status_code == 401
    assert len(elsewhere.seen) == 1
    way.send(auth, ("POST", server.url, CALL))
    assert "nonce" not in server.proofs.seen[-1]


@requirement("DPOP-3")
@every_way
def test_a_request_that_is_sent_again_has_one_new_proof_or_none_with_a_bearer_token(way, server):
    auth = way.auth(server)

    def become_a_bearer_server():
        auth.engine.logout()
        server.routes["/mcp"] = lambda seen: (
            Answer() if server.authorization.accepts(seen.token or "") else server.rejects(seen)
        )

    if way.mode == "sync":
        with way.client(auth) as client:
            request = client.build_request("POST", server.url, headers={"DPoP": "the caller's own"}, **CALL)
            responses = [client.send(request), client.send(request)]
            become_a_bearer_server()
            responses.append(client.send(request))
    else:

        async def send_again():
            async with way.client(auth) as client:
                request = client.build_request("POST", server.url, headers={"DPoP": "the caller's own"}, **CALL)
                first, second = await client.send(request), await client.send(request)
                await anyio.to_thread.run_sync(become_a_bearer_server)
                return [first, second, await client.send(request)]

        responses = anyio.run(send_again, backend=way.mode)
    assert [response.status_code for response in responses] == [200] * 3
    assert server.proofs.refused == []
    assert len(server.proofs.seen) == 2
    assert schemes(server)[-1] == "Bearer"
    assert server.seen[-1].field("dpop") is None


@every_way
def test_requests_that_are_rejected_together_lead_to_one_login_and_many_proofs(way, server):
    responses = way.send_at_once(way.auth(server), [("POST", server.url, CALL)] * 8)
    assert [response.status_code for response in responses] == [200] * 8
    assert len(server.person.asked) == 1
    assert len({claims["jti"] for claims in server.proofs.seen}) == 8


@requirement("PRM-20", "WWW-10")
@every_way
def test_a_user_who_has_ruled_it_out_is_told_and_nobody_is_asked(way, server):
    with pytest.raises(Unsupported, match="dpop=False"):
        way.send(way.auth(server, settings=Settings(dpop=False)), ("POST", server.url, CALL))
    assert server.person.asked == []


@every_way
def test_a_proof_does_not_show_in_a_request(way, server):
    (response,) = way.send(way.auth(server), ("POST", server.url, CALL))
    shown = repr(response.request) + repr(response.request.extensions)
    assert server.seen[-1].field("dpop") not in shown
