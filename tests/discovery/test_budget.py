# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a hostile server can make one attempt do: few requests, a bounded time, and a short error."""

import json

import pytest

from tests.fakes.authorization_server import (
    ISSUER,
    MCP,
    RESOURCE_METADATA,
    ROOT_RESOURCE_METADATA,
    SERVER_METADATA,
    AuthorizationServer,
)
from tests.fakes.network import challenges
from tests.fakes.seams import Clock
from tests.fakes.world import World
from tests.requirements import requirement
from valetkey._discovery.budget import Budget
from valetkey._discovery.discovery import discover
from valetkey._discovery.resource import ask_resource
from valetkey._policy.discovery_limits import DiscoveryLimits
from valetkey.errors import AuthError, TemporaryError, Unsupported
from valetkey.settings.settings import Settings
from valetkey.values import Secret
from valetkey.wire import HttpResponse

THIRD = "https://third.example"
LIMITS = DiscoveryLimits()
LONGEST_TEXT = 4000
ORIGIN = "https://mcp.example.com"
ENDPOINTS = {"authorization_endpoint": f"{ISSUER}/authorize", "token_endpoint": f"{ISSUER}/token"}


def announcing(*urls):
    """One challenge with a `resource_metadata` for each URL."""
    return challenges("Bearer " + ", ".join(f'resource_metadata="{url}"' for url in urls))[0]


def find(server, challenge=None, budget=None, **settings):
    return discover(Settings(**{"url": MCP, **settings}), challenge, server, budget=budget)


def fails(server, challenge=None, kind=AuthError, **settings):
    with pytest.raises(kind) as caught:
        find(server, challenge, **settings)
    assert len(str(caught.value)) < LONGEST_TEXT
    return caught.value


class Endless:
    """A server that sends a redirect to another path of its own, whatever it is asked."""

    def __init__(self):
        self.requests = []

    def __call__(self, request):
        self.requests.append(request)
        return HttpResponse(302, request.url, (("Location", f"/{len(self.requests)}"),))


class Slow:
    """A server that takes some seconds for each answer."""

    def __init__(self, server, seconds):
        self.server, self.seconds, self.clock = server, seconds, Clock()

    def __call__(self, request):
        self.clock.time += self.seconds
        return self.server(request)

    @property
    def budget(self):
        return Budget(self.clock.now)


@requirement("SEC-9")
@pytest.mark.parametrize("number", [5, 7, 343])
def test_urls_that_a_challenge_announces_are_asked_only_as_far_as_the_limit(number):
    """Row I3."""
    server = AuthorizationServer(describes_the_resource_at=(), issuer=ORIGIN, describes_itself_at=())
    error = fails(server, announcing(*(f"{THIRD}/{n}" for n in range(number))))
    asked = [request.url for request in server.requests]
    assert sum(url.startswith(THIRD) for url in asked) == min(number, LIMITS.announced)
    assert asked[-4:-2] == [RESOURCE_METADATA, ROOT_RESOURCE_METADATA]  # the server's own places have their turn
    assert ("others were not asked" in str(error)) is (number > LIMITS.announced)


@requirement("SEC-9")
def test_a_url_that_is_announced_many_times_is_asked_once():
    """Row I3."""
    server = AuthorizationServer()
    find(server, announcing(*[f"{THIRD}/one"] * 300))
    assert server.log()[:2] == [f"GET {THIRD}/one", f"GET {RESOURCE_METADATA}"]


@requirement("SEC-9")
def test_announcements_in_many_challenges_and_many_fields_are_no_more_than_those_of_one():
    """Row I3."""
    server = AuthorizationServer()
    fields = [f'Bearer resource_metadata="{THIRD}/{n}", Bearer resource_metadata="{THIRD}/x{n}"' for n in range(300)]
    for challenge in challenges(*fields):
        server.requests.clear()
        find(server, challenge)
        assert len(server.requests) == 3


@requirement("SEC-9", "ASM-1")
@pytest.mark.parametrize("number", [2, 50, 30_000])
@pytest.mark.parametrize("settings", [{}, {"issuer": ISSUER}, {"client_id": "c", "client_secret": Secret("s")}])
def test_issuers_that_publish_nothing_are_asked_only_as_far_as_the_limit(number, settings):
    """Row I3."""
    named = tuple(f"https://third.example/{n}" for n in range(number))
    server = AuthorizationServer(names_issuers=named, describes_itself_at=())
    fails(server, **settings)
    asked = {url.partition("oauth-authorization-server")[2] for url in server.log() if THIRD in url}
    assert len(asked - {""}) == min(number, LIMITS.issuers)
    assert len(server.requests) < LIMITS.requests


def test_an_issuer_that_is_known_already_is_asked_first_among_thousands():
    """Row I3."""
    named = (*(f"https://third.example/{n}" for n in range(500)), ISSUER)
    server = AuthorizationServer(names_issuers=named)
    target = discover(Settings(url=MCP), None, server, preferred=(ISSUER,))
    assert (target.server.issuer, len(server.requests)) == (ISSUER, 2)


@pytest.mark.parametrize("text", ["", "undefined", "https://[", "x" * 9000])
def test_thousands_of_issuers_that_are_no_urls_make_a_short_error(text):
    """Row I3."""
    error = fails(AuthorizationServer(names_issuers=(text,) * (20_000 if len(text) < 100 else 1100)))
    assert len(error.tried) == LIMITS.lines + 1
    assert error.tried[-1] == "and 988 more"


@requirement("SEC-9", "SEC-6")
@pytest.mark.parametrize("announced", [0, 1, 343])
def test_redirects_that_chain_at_every_place_end(announced):
    """Row I3."""
    server = Endless()
    error = fails(server, announcing(*(f"{THIRD}/a{n}" for n in range(announced))) if announced else None)
    assert len(server.requests) <= 3 + LIMITS.announced + LIMITS.redirects
    assert isinstance(error, Unsupported)


def test_a_redirect_that_is_one_too_many_for_the_attempt_is_told_as_that():
    """Row I3."""
    error = fails(Endless(), announcing(f"{ORIGIN}/a", f"{ORIGIN}/b", f"{ORIGIN}/c"))
    assert "more than 3 times" in error.message
    budget = Budget(redirects=LIMITS.redirects)
    with pytest.raises(Unsupported, match="more often than one attempt follows"):
        find(Endless(), budget=budget)


@requirement("SEC-9")
@pytest.mark.parametrize(
    ("switches", "announced"),
    [
        ({"describes_the_resource_at": ()}, 343),
        ({"names_issuers": tuple(f"{THIRD}/{n}" for n in range(300))}, 0),
        ({"describes_itself_at": ()}, 343),
    ],
)
def test_servers_that_answer_slowly_cannot_make_an_attempt_long(switches, announced):
    """Row I3."""
    server = AuthorizationServer(**{"describes_itself_at": (), **switches})
    slow = Slow(server, 9.0)
    budget = slow.budget
    error = fails(slow, announcing(*(f"{THIRD}/{n}" for n in range(announced))) if announced else None, budget=budget)
    assert slow.clock.time - Clock().time < LIMITS.seconds + 10
    assert isinstance(error, TemporaryError)
    assert "give client_id" in error.hint
    assert error.tried
    given = {**ENDPOINTS, "client_id": "c"}
    assert find(slow, budget=budget, **given).server.token_endpoint == ENDPOINTS["token_endpoint"]


def test_an_honest_server_that_is_slow_is_waited_for():
    """Row I3."""
    slow = Slow(AuthorizationServer(describes_the_resource_at=(ROOT_RESOURCE_METADATA,)), 9.0)
    assert find(slow, announcing(f"{ORIGIN}/gone"), slow.budget).server.issuer == ISSUER


def test_the_time_of_a_person_is_not_counted():
    """Row I3."""
    world = World()
    world.person.visits = lambda url, **how: (world.clock.pause(3000), world.server.visit(url, **how))[1]
    world.engine().replace(None)
    world.clock.pause(86_400)
    world.engine().replace(world.kept().token)


@requirement("SEC-9")
def test_one_attempt_has_one_budget_for_all_its_questions():
    """Row I3."""
    budget = Budget()
    settings, server = Settings(url=MCP), AuthorizationServer(describes_the_resource_at=(), describes_itself_at=())
    for _ in range(100):
        try:
            ask_resource(settings, announcing(*(f"{THIRD}/{n}" for n in range(9))), server, budget)
        except Unsupported as error:
            assert len(server.requests) == LIMITS.requests
            assert f"took {LIMITS.requests} requests" in error.message
            assert "give client_id, authorization_endpoint and token_endpoint" in error.hint
            break
    else:
        pytest.fail("nothing has ended it")


def test_an_engine_hands_one_budget_on_from_its_first_question_to_its_login():
    """Row I3."""
    world = World(token_life=86_400 * 30)
    world.logged_in()
    slow = Slow(world.server, 9.0)
    slow.clock = world.clock
    world.server.describes_the_resource_at = ()
    world.server.describes_itself_at = ()
    engine = world.engine(seams=world.seams(send=slow))
    challenge = announcing(*(f"{THIRD}/{n}" for n in range(9)))
    world.server.forget_refresh_tokens()
    started = world.clock.time
    with pytest.raises(TemporaryError, match="took more than 60 s"):
        engine.replace(world.kept().token, (challenge,))
    asked = [request for request in world.server.requests if request.method == "GET"]
    assert len(asked) <= 10
    assert world.clock.time - started < LIMITS.seconds + 20
    assert world.person.asked == []


@requirement("SEC-9")
@pytest.mark.parametrize(
    "member",
    [
        "code_challenge_methods_supported",
        "response_types_supported",
        "grant_types_supported",
        "token_endpoint_auth_methods_supported",
        "scopes_supported",
        "protected_resources",
    ],
)
def test_a_list_without_end_is_an_error_only_where_the_rest_does_not_serve_and_a_short_one(member):
    """Row I3."""
    endless = [f"{n:x}" for n in range(100_000)]
    server = AuthorizationServer(says_further={member: endless})
    if member == "response_types_supported":
        assert "and 997 more" in fails(server).message
        return
    target = find(server)
    assert len(getattr(target.server, member)) <= 10_000
    assert len(json.dumps(getattr(target.server, member))) < 100_000


@requirement("SEC-9", "PRM-12")
@pytest.mark.parametrize("scopes", [[f"s{n}" for n in range(100_000)], ["a " * 400_000], [" ".join("abc") * 90_000]])
def test_scopes_without_end_are_read_as_far_as_they_fit_into_a_link(scopes):
    """Row I3."""
    world = World(resource_says_further={"scopes_supported": scopes})
    world.engine().replace(None)
    assert len(world.person.asked[0].authorization_url) < 12_000


def test_a_scope_is_never_cut_in_two():
    """Row I3."""
    scopes = ["a" * 8000, "b" * 8000]
    assert find(AuthorizationServer(resource_says_further={"scopes_supported": scopes})).scopes == ("a" * 8000,)
    endless = {"scopes_supported": ["c" * 100_000]}
    assert find(AuthorizationServer(resource_says_further=endless)).scopes is None


@pytest.mark.parametrize("methods", [["query"] * 100_000, ["x" * 60_000] * 10])
def test_methods_without_end_make_a_short_error(methods):
    """Row I3."""
    fails(AuthorizationServer(resource_says_further={"bearer_methods_supported": methods}), kind=Unsupported)


def test_resources_without_end_make_a_short_error():
    """Row I3."""
    server = AuthorizationServer(says_further={"protected_resources": [f"{THIRD}/{n}" for n in range(9_000)]})
    error = fails(server, strict=True)
    assert len(error.received) < 1000
    server.says_further["protected_resources"].append(MCP)  # a long list of an honest server
    assert find(server, strict=True).resource == MCP


def test_a_document_is_asked_for_as_before_when_nothing_is_out_of_the_ordinary():
    server = AuthorizationServer()
    budget = Budget()
    find(server, budget=budget)
    assert server.log() == [f"GET {RESOURCE_METADATA}", f"GET {SERVER_METADATA}"]
    assert (budget.requests, budget.redirects) == (2, 0)
