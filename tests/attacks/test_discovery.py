# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Attacks by a server that names other servers: documents, issuers, endpoints, links, and thousands of each."""

import json

import pytest

from tests.fakes.authorization_server import (
    ISSUER,
    MCP,
    OPENID_METADATA,
    RESOURCE_METADATA,
    SERVER_METADATA,
    AuthorizationServer,
)
from tests.fakes.network import Internet, challenges
from tests.fakes.seams import Clock
from tests.fakes.world import World
from tests.network.names import NameServer
from tests.network.server import WireServer, answer
from tests.requirements import requirement
from valetkey._discovery.budget import Budget
from valetkey._discovery.discovery import discover
from valetkey._engine.factory import build_engine
from valetkey._network.guard import Guard
from valetkey._network.sender import HttpSender
from valetkey.errors import AuthError, InsecureEndpoint, IssuerMismatch, ResourceMismatch
from valetkey.settings.settings import Settings
from valetkey.values import Secret
from valetkey.wire import HttpResponse

EVIL, HONEST = "https://evil.example", "https://honest.example"


def outcome(call):
    """Give what a call gives, or its error."""
    try:
        return call()
    except AuthError as error:
        return error


def logged_in(world, **settings):
    """Let the engine of a world log in, and give the error, if any."""
    return outcome(lambda: world.engine(**settings).replace(None))


def posted(server):
    """Every request that was more than a question."""
    return [request.url for request in server.requests if request.method != "GET"]


def announcing(*urls):
    return challenges("Bearer " + ", ".join(f'resource_metadata="{url}"' for url in urls))[0]


@requirement("SEC-15")
@pytest.mark.parametrize("page", [f"{HONEST}/authorize", f"{HONEST}//Authorize/?x=1"])
def test_the_login_page_of_an_honest_server_brings_no_code_to_another(page):
    """A hostile authorization server names an honest one's page and its own token endpoint. Threat D1."""
    world = World(issuer=EVIL, says_further={"authorization_endpoint": page})
    world.send = Internet(world.server, AuthorizationServer(issuer=HONEST))
    assert isinstance(logged_in(world), IssuerMismatch)
    assert (posted(world.server), world.person.asked) == ([], [])


@requirement("AUT-17", "SEC-15")
def test_the_person_sees_at_whose_page_they_log_in(capsys):
    """The page is of a host that publishes nothing, so that only the person can tell. Threat D2."""
    from valetkey.login.prompt import prompt_text

    world = World(says_further={"authorization_endpoint": f"{HONEST}/authorize"})
    world.person.visits = lambda url, **how: world.server.visit(url.replace(HONEST, ISSUER), **how)
    logged_in(world)
    text = prompt_text(world.person.asked[0], opened=True, environment={})
    assert f"{MCP} asks you to log in at {ISSUER}, on a page at {HONEST}." in text


@requirement("ASM-8", "ASM-9")
@pytest.mark.parametrize("named", [HONEST, "https://AUTH.example.com", f"{ISSUER}/tenant"])
def test_a_document_about_another_issuer_ends_the_search(named):
    """The first document is about another issuer, and the second one would do. Threat D3."""
    server = AuthorizationServer(describes_itself_at=(SERVER_METADATA, OPENID_METADATA))
    document = {"issuer": named, "authorization_endpoint": f"{EVIL}/a", "token_endpoint": f"{EVIL}/t"}
    server.has(SERVER_METADATA, (200, "application/json", json.dumps(document)))
    assert isinstance(outcome(lambda: discover(Settings(url=MCP), None, server)), IssuerMismatch)
    assert len(server.requests) == 2


@requirement("PRM-6", "PRM-7", "PRM-10", "PRM-19", "RES-10")
@pytest.mark.parametrize("resource", ["https://other.example.com/mcp", "https://mcp.example.com/mc", f"{MCP}/deeper"])
def test_a_server_that_calls_itself_another_one_gets_no_token_for_that_one(resource):
    """The MCP server names the resource of another one, to use its token there. Threat D4."""
    world = World(names_the_resource=resource)
    assert isinstance(logged_in(world), ResourceMismatch)
    assert (posted(world.server), world.person.asked) == ([], [])


@requirement("PRM-19", "ASM-16")
@pytest.mark.parametrize("status", [500, 503, 429])
def test_an_outage_of_the_metadata_leads_to_no_guessed_endpoint(status):
    """The metadata cannot be read for a moment, and another service answers at /register. Threat D5."""
    world = World(describes_the_resource_at=())
    for place in (RESOURCE_METADATA, "https://mcp.example.com/.well-known/oauth-protected-resource"):
        world.server.has(place, status)
    logged_in(world)
    assert (posted(world.server), world.person.asked) == ([], [])


@requirement("ASM-16", "VER-5")
def test_announced_metadata_that_is_not_there_leads_to_no_guessed_endpoint():
    """A challenge announces documents that are not there, and another service answers at /register. Threat D6."""
    world = World(describes_the_resource_at=(), describes_itself_at=())
    world.person.visits = world.server.visit
    outcome(lambda: world.engine().replace(None, (announcing(RESOURCE_METADATA),)))
    assert (posted(world.server), world.person.asked) == ([], [])


@requirement("SEC-6")
def test_an_open_redirect_of_an_honest_server_publishes_no_metadata_of_another():
    """The honest server redirects wherever it is told, and the target is the attacker's document. Threat D7."""
    target = f"{EVIL}/metadata"

    def internet(request):
        if request.url == target:
            document = json.dumps({"resource": MCP, "authorization_servers": [EVIL]}).encode()
            return HttpResponse(200, request.url, body=document)
        if request.url == RESOURCE_METADATA:
            return HttpResponse(302, request.url, (("Location", target),))
        asked.append(request.url)
        return HttpResponse(404, request.url)

    asked = []
    outcome(lambda: discover(Settings(url=MCP), None, internet))
    assert [url for url in asked if url.startswith(EVIL)] == []


@requirement("ASM-12", "ASM-13", "AUT-5")
@pytest.mark.parametrize("methods", [None, ("plain",)])
def test_metadata_that_loses_s256_leads_to_no_weaker_login(methods):
    """The server has announced S256 before, and does not any more. Threat D8."""
    world = World(issues_refresh_tokens=False)
    engine = world.logged_in()
    world.server.announces_pkce = methods
    outcome(lambda: engine.replace(world.kept().token))
    assert world.person.asked == []


@requirement("RSP-12", "AUT-8")
def test_endpoints_that_change_while_the_person_logs_in_get_no_code():
    """The issuer answers with iss, and stops announcing it while the person logs in. Threat D9."""
    world = World(announces_iss=True)
    visit = world.server.visit

    def changes(url, **how):
        world.server.announces_iss = False
        return visit(url, **how)

    world.person.visits = changes
    logged_in(world)
    assert world.server.token_forms() == []


@requirement("AUT-12", "SEC-4")
@pytest.mark.parametrize("page", ["https://192.168.1.1/reboot", "https://router.example/reboot"])
@pytest.mark.parametrize("grant", ["authorization_code", "device_code"])
def test_a_link_into_the_persons_own_network_is_not_opened(grant, page):
    """A public server names a page of the router, which acts on a GET. Threat D10."""
    world = World(
        offers_device_login=True,
        says_further={"authorization_endpoint": page},
        says_of_device_login={"verification_uri_complete": page},
    )
    names = NameServer(mcp_example_com=["8.8.8.8"], auth_example_com=["8.8.8.8"], router_example=["192.168.1.1"])
    judge = HttpSender(Guard(MCP, resolve=names)).judge_link
    world.person.visits = lambda url, **how: url
    engine = world.engine(seams=world.seams(judge_link=judge), grant=grant)
    assert isinstance(outcome(lambda: engine.replace(None)), InsecureEndpoint)
    assert world.person.asked == []


@requirement("AUT-12", "SEC-4")
def test_an_engine_as_a_program_makes_it_judges_its_links():
    """The same, with the parts that a program uses: a server on this computer names the router. Threat D11."""
    world, documents = World(), {}

    def serve(peer):
        document = documents.get(peer.request.split(b" ")[1])
        peer.send(answer("404 Not Found") if document is None else answer(body=json.dumps(document).encode()))

    with WireServer(serve) as server:
        documents[b"/.well-known/oauth-protected-resource"] = {
            "resource": server.url,
            "authorization_servers": [server.url],
        }
        documents[b"/.well-known/oauth-authorization-server"] = {
            "issuer": server.url,
            "authorization_endpoint": "https://192.168.1.1/reboot",
            "token_endpoint": "https://192.168.1.1/token",
            "code_challenge_methods_supported": ["S256"],
        }
        engine = build_engine(World.settings(url=server.url, client_id="c"), store="memory:", login=world.person)
        world.person.visits = lambda url, **how: url
        assert isinstance(outcome(lambda: engine.replace(None)), InsecureEndpoint)
    assert world.person.asked == []


@requirement("SEC-9", "ASM-1")
def test_thousands_of_issuers_make_no_source_of_requests_of_us():
    """A document names tens of thousands of issuers at a third host. Threat D12."""
    issuers = tuple(f"https://third.example/{number}" for number in range(30_000))
    server = AuthorizationServer(names_issuers=issuers, describes_itself_at=())
    error = outcome(lambda: discover(Settings(url=MCP), None, server))
    assert len(server.requests) < 20
    assert len(str(error)) < 4000


@requirement("SEC-9")
def test_hundreds_of_announced_urls_make_no_source_of_requests_of_us():
    """One 401 announces 343 URLs, each of which redirects further and further. Threat D13."""
    requests = []

    def endless(request):
        requests.append(request.url)
        return HttpResponse(302, request.url, (("Location", f"/{len(requests)}"),))

    challenge = announcing(*(f"https://third.example/{number}" for number in range(343)))
    error = outcome(lambda: discover(Settings(url=MCP), challenge, endless))
    assert len(requests) <= 17
    assert len(str(error)) < 4000


@requirement("SEC-9")
def test_slow_answers_hold_no_thread_for_long():
    """A server answers each question after nine seconds, and names many places. Threat D14."""
    clock = Clock()
    issuers = tuple(f"https://third.example/{number}/x" for number in range(9))
    server = AuthorizationServer(describes_itself_at=(), names_issuers=issuers)

    def slow(request):
        clock.time += 9
        return server(request)

    started = clock.time
    outcome(lambda: discover(Settings(url=MCP), None, slow, budget=Budget(clock.now)))
    assert clock.time - started <= 70


@requirement("SEC-9")
def test_several_questions_of_one_attempt_have_one_budget():
    """A good token is rejected, so that the server is asked about its login twice. Threat D15."""
    world = World(token_life=86_400 * 30, issues_refresh_tokens=False)
    engine = world.logged_in()
    world.server.describes_the_resource_at = world.server.describes_itself_at = ()

    def slow(request):
        world.clock.time += 9
        world.server.requests.append(request)
        return HttpResponse(503, request.url)

    engine = world.engine(seams=world.seams(send=slow))
    started = world.clock.time
    outcome(lambda: engine.replace(world.kept().token, (announcing(*(f"{EVIL}/{number}" for number in range(9))),)))
    assert world.clock.time - started <= 75


@requirement("ASM-1")
@pytest.mark.parametrize("trouble", [500, 503])
def test_an_outage_of_the_first_server_sends_no_person_to_the_second(trouble):
    """The attacker's server stands second in the list, and the first one is down. Threat D16."""
    world = World(names_issuers=(HONEST, EVIL))
    evil = AuthorizationServer(issuer=EVIL)
    down = AuthorizationServer(issuer=HONEST, describes_itself_at=())
    down.has(f"{HONEST}/.well-known/oauth-authorization-server", trouble)
    world.send = Internet(world.server, evil, down)
    logged_in(world)
    assert (evil.requests, world.person.asked) == ([], [])


@requirement("REG-5", "ASM-8")
def test_a_document_elsewhere_that_names_the_users_issuer_gets_no_secret():
    """The user has named the issuer, and the MCP server's own document claims to be of it. Threat D17."""
    evil = AuthorizationServer(issuer=EVIL, calls_itself=ISSUER)
    nothing = AuthorizationServer(describes_itself_at=())
    given = {"issuer": ISSUER, "client_id": "c", "client_secret": Secret("s")}
    settings = Settings(url=MCP, **given)
    found = outcome(lambda: discover(settings, None, Internet(evil, nothing)))
    assert isinstance(found, IssuerMismatch)


@requirement("SEC-9", "PRM-12")
def test_lists_without_end_make_no_link_and_no_record_without_end():
    """The scopes and the grant types of a document have 100,000 members. Threat D18."""
    scopes = [f"scope-number-{number}" for number in range(100_000)]
    target = discover(Settings(url=MCP), None, AuthorizationServer(resource_says_further={"scopes_supported": scopes}))
    assert len(" ".join(target.scopes)) < 10_000
    server = AuthorizationServer(says_further={"grant_types_supported": scopes})
    assert len(discover(Settings(url=MCP), None, server).server.grant_types_supported) <= 1000
