# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A hostile authorization server that names the login page of an honest one, and what an honest one may do itself."""

from dataclasses import dataclass, field

import pytest

from tests.fakes.authorization_server import MCP, AuthorizationServer
from tests.fakes.network import Internet, no_answer, unreachable
from tests.fakes.world import World
from tests.requirements import requirement
from valetkey._discovery.budget import Budget
from valetkey._discovery.discovery import discover
from valetkey._policy.discovery_limits import DiscoveryLimits
from valetkey.errors import AuthError, InsecureEndpoint, IssuerMismatch, TrustError, Unsupported
from valetkey.settings.credentials import RegisteredClient
from valetkey.settings.settings import Settings
from valetkey.values import Secret
from valetkey.wire import HttpResponse, UnreadableAnswer

EVIL, HONEST = "https://evil.example", "https://honest.example"
PAGE = f"{HONEST}/authorize"


@dataclass
class MixUp:
    """An MCP server whose authorization server names another one's login page; by default it registers there too."""

    evil_says: dict = field(default_factory=dict)
    honest: dict = field(default_factory=dict)

    def __post_init__(self):
        self.world = World(
            issuer=EVIL,
            says_further={"authorization_endpoint": PAGE, **self.evil_says},
            registers_with={"client_id": "client-of-evil-at-honest"},
            offers_device_login=True,
        )
        self.evil = self.world.server
        self.other = AuthorizationServer(**{"issuer": HONEST, "offers_device_login": True, **self.honest})
        self.world.send = self.network = Internet(self.evil, self.other)
        self.world.person.visits = self.visit

    def visit(self, url, *, allows=True):
        self.other.clients.update(self.evil.clients)  # with the redirect address that it has just learned
        return self.other.visit(url, allows=allows)

    def attack(self, **settings):
        """Let a person log in, and give the error that stops it."""
        with pytest.raises(AuthError) as caught:
            self.world.engine(**settings).replace(None)
        assert self.evil.token_forms() == []
        assert self.world.person.asked == []
        assert [request for request in self.network.requests if request.method != "GET"] == []
        return caught.value


@dataclass
class InTrouble:
    """Sends to a network, but everything below one URL meets a trouble."""

    network: Internet
    place: str
    trouble: AuthError
    met: int = 0

    def __call__(self, request):
        if request.url.startswith(self.place):
            self.met += 1
            raise self.trouble
        return self.network(request)


@requirement("SEC-15", "RSP-6")
@pytest.mark.parametrize(
    "evil_says",
    [
        {},
        {"authorization_endpoint": f"{PAGE}?x=1"},
        {"authorization_endpoint": f"{HONEST}//Authorize/"},
        {"registration_endpoint": f"{HONEST}/register"},
        {"token_endpoint": "https://evil.example:8443/token"},
    ],
)
@pytest.mark.parametrize("honest", [{}, {"describes_itself_at": (f"{HONEST}/.well-known/openid-configuration",)}])
def test_neither_code_nor_verifier_goes_to_a_server_that_names_another_ones_login_page(evil_says, honest):
    """Row I5."""
    error = MixUp(evil_says, honest).attack()
    assert isinstance(error, IssuerMismatch)
    assert (error.expected, error.received) == (EVIL, HONEST)
    assert f'issuer="{EVIL}"' in error.hint
    assert "authorization_endpoint=" in error.hint


@requirement("SEC-15")
@pytest.mark.parametrize("tenant", ["/realms/x", "/oauth2/default", "/auth/realms/x", "/t"])
def test_the_login_page_of_a_tenant_is_known_too(tenant):
    """Row I5."""
    honest = {"issuer": f"{HONEST}{tenant}"}
    documents = (f"{HONEST}{tenant}/.well-known/openid-configuration",)
    page = f"{HONEST}{tenant}/protocol/auth"
    says = {"authorization_endpoint": page}
    mix_up = MixUp(says, {**honest, "describes_itself_at": documents, "says_further": says})
    assert isinstance(mix_up.attack(), IssuerMismatch)


@requirement("SEC-15")
def test_the_codes_of_another_device_are_bound_in_the_same_way():
    """Row I5."""
    mix_up = MixUp({"device_authorization_endpoint": f"{HONEST}/device_authorization"})
    assert isinstance(mix_up.attack(grant="device_code"), IssuerMismatch)


def test_an_old_server_without_resource_metadata_is_judged_like_any_other():
    """Row I5."""
    mix_up = MixUp()
    mix_up.evil.describes_the_resource_at = ()
    mix_up.evil.issuer = "https://mcp.example.com"
    mix_up.evil.describes_itself_at = ("https://mcp.example.com/.well-known/oauth-authorization-server",)
    assert isinstance(mix_up.attack(), IssuerMismatch)


def test_a_client_with_a_secret_is_protected_too():
    """Row I5."""
    assert isinstance(
        MixUp().attack(grant="authorization_code", client_id="c", client_secret=Secret("s")), IssuerMismatch
    )


@requirement("RSP-3", "SEC-15")
def test_a_server_that_says_who_it_is_in_its_answer_needs_no_question():
    """Row I5."""
    mix_up = MixUp(honest={"sends_iss": HONEST, "describes_itself_at": ()})
    with pytest.raises(IssuerMismatch) as caught:
        mix_up.world.engine().replace(None)
    assert caught.value.received == HONEST
    assert mix_up.evil.token_forms() == []


@pytest.mark.parametrize(
    "given",
    [
        {"issuer": EVIL},
        {"authorization_endpoint": PAGE},
        {"token_endpoint": f"{EVIL}/token"},
        {"clients": (RegisteredClient(EVIL, "c"),)},
    ],
)
def test_what_the_user_has_named_is_not_doubted_so_the_hint_leads_on(given):
    """Row I5."""
    mix_up = MixUp()
    target = discover(Settings(url=MCP, **given), None, mix_up.network)
    assert target.server.authorization_endpoint == PAGE
    assert not any(HONEST in line for line in mix_up.network.log())


@requirement("ASM-15")
@pytest.mark.parametrize(
    ("issuer", "page", "token"),
    [
        ("https://as.example", "https://as.example/authorize", "https://tokens.example/token"),
        ("https://as.example", "https://login.example/authorize", "https://login.example/token"),
        ("https://api.figma.com", "https://www.figma.com/oauth/mcp", "https://api.figma.com/v1/oauth/token"),
        ("https://mcp.slack.com", "https://slack.com/oauth/v2_user/authorize", "https://slack.com/api/oauth"),
        ("https://accounts.google.com", "https://accounts.google.com/o/oauth2", "https://oauth2.googleapis.com/token"),
        (
            "https://cognito-idp.eu-central-1.amazonaws.com/pool",
            "https://x.auth.eu-central-1.amazoncognito.com/authorize",
            "https://x.auth.eu-central-1.amazoncognito.com/token",
        ),
    ],
)
def test_an_honest_server_with_several_hosts_is_asked_nothing_more(issuer, page, token):
    """Row I5."""
    says = {"authorization_endpoint": page, "token_endpoint": token}
    server = AuthorizationServer(issuer=issuer, says_further=says)
    assert discover(Settings(url=MCP), None, server).server.authorization_endpoint == page
    assert len(server.requests) == 2


@requirement("ASM-15")
@pytest.mark.parametrize(
    "says_of_the_page",
    [
        404,
        503,
        (200, "text/html", "<html>"),
        (200, "application/json", "[]"),
        (200, "application/json", '{"issuer": 7}'),
        (200, "application/json", f'{{"issuer": "{EVIL}", "authorization_endpoint": "{PAGE}", "token_endpoint": "x"}}'),
        (200, "application/json", f'{{"issuer": "{HONEST}", "authorization_endpoint": "{HONEST}/other"}}'),
    ],
)
def test_a_host_that_says_nothing_accuses_nobody(says_of_the_page):
    """Row I5."""
    mix_up = MixUp(honest={"describes_itself_at": ()})
    mix_up.other.has(f"{HONEST}/.well-known/oauth-authorization-server", says_of_the_page)
    target = discover(Settings(url=MCP), None, mix_up.network)
    assert target.server.issuer == EVIL
    assert sum(HONEST in line for line in mix_up.network.log()) <= 2


@pytest.mark.parametrize("trouble", [unreachable(), no_answer()], ids=["unreachable", "no answer"])
def test_a_host_that_only_the_browser_reaches_is_asked_once_and_delays_no_login(trouble):
    """Each question would wait for its time limit, and together they would use up the attempt. Row I5."""
    mix_up = MixUp()
    send = InTrouble(mix_up.network, HONEST, trouble)
    assert discover(Settings(url=MCP), None, send).server.authorization_endpoint == PAGE
    assert send.met == 1


@requirement("SEC-15")
def test_a_first_document_that_cannot_be_unpacked_hides_no_second_one():
    """Row I5."""
    mix_up = MixUp(honest={"describes_itself_at": (f"{HONEST}/.well-known/openid-configuration",)})
    broken = UnreadableAnswer("The answer is not packed as it says.", hint="Tell its operator.")
    send = InTrouble(mix_up.network, f"{HONEST}/.well-known/oauth-authorization-server", broken)
    with pytest.raises(IssuerMismatch):
        discover(Settings(url=MCP), None, send)


def test_a_page_that_the_guard_refuses_is_named_with_a_way_on_that_leads_on():
    """Row I8."""
    mix_up = MixUp()
    refused = InsecureEndpoint("The address leads to a private network.", hint="Look.", url=HONEST)
    send = InTrouble(mix_up.network, HONEST, refused)
    with pytest.raises(InsecureEndpoint) as caught:
        discover(Settings(url=MCP), None, send)
    assert f'If you trust "{PAGE}", give it as authorization_endpoint=.' in caught.value.hint
    assert discover(Settings(url=MCP, authorization_endpoint=PAGE), None, send).server.authorization_endpoint == PAGE


@requirement("SEC-9")
def test_the_questions_about_a_page_are_in_the_budget_and_running_out_of_it_lets_nobody_through():
    """Row I5."""
    mix_up = MixUp()
    limits = DiscoveryLimits(requests=2)
    with pytest.raises(Unsupported, match="took 2 requests"):
        discover(Settings(url=MCP), None, mix_up.network, budget=Budget(limits=limits))


# Downgrades: what changes between two reads.


@requirement("ASM-12", "AUT-5")
@pytest.mark.parametrize("announced", [None, (), ("plain",)])
def test_metadata_that_loses_s256_between_two_logins_leads_to_none(announced):
    """Row I5."""
    world = World(issues_refresh_tokens=False)
    engine = world.logged_in()
    world.server.announces_pkce = announced
    with pytest.raises(Unsupported, match="S256"):
        engine.replace(world.kept().token)
    assert world.person.asked == []


@requirement("RSP-12", "AUT-8")
def test_metadata_that_changes_while_the_person_logs_in_is_not_looked_at():
    """Row I5."""
    world = World()
    other = AuthorizationServer(issuer=HONEST)
    world.send = Internet(world.server, other)
    visit = world.server.visit

    def changes(url, **how):
        world.server.says_further = {"token_endpoint": f"{HONEST}/token", "issuer": HONEST}
        world.server.names_issuers = (HONEST,)
        return visit(url, **how)

    world.person.visits = changes
    world.engine().replace(None)
    assert (len(world.server.token_forms()), other.requests) == (1, [])


@requirement("RSP-2")
def test_an_issuer_that_stops_announcing_iss_while_the_person_logs_in_still_owes_it():
    """Row I5."""
    world = World(announces_iss=True)
    visit = world.server.visit

    def changes(url, **how):
        world.server.announces_iss = False
        return visit(url, **how)

    world.person.visits = changes
    with pytest.raises(IssuerMismatch, match="does not say that it comes"):
        world.engine().replace(None)
    assert world.server.token_forms() == []


@requirement("ASM-8")
@pytest.mark.parametrize("status", [404, 405])
def test_metadata_that_names_another_issuer_where_an_endpoint_has_moved_gets_no_refresh_token(status):
    """Row I5."""
    world = World()
    other = AuthorizationServer(issuer=HONEST)
    world.send = Internet(world.server, other)
    engine = world.logged_in()
    world.server.calls_itself = HONEST
    world.server.says_further = {"token_endpoint": f"{HONEST}/token"}
    world.server.has(f"{world.server.issuer}/token", status)
    with pytest.raises(TrustError):
        engine.replace(world.kept().token)
    assert other.requests == []
    assert world.person.asked == []


# Resources: a token is for one server.

SECOND = "https://second.example.com/mcp"


@requirement("RES-10", "PRM-7")
def test_two_servers_of_one_authorization_server_have_a_token_each_for_their_own_resource():
    """Row I5."""
    world = World()
    first = world.engine().replace(None)
    world.server.mcp_url = SECOND
    world.server.describes_the_resource_at = ("https://second.example.com/.well-known/oauth-protected-resource/mcp",)
    engine = world.engine(url=SECOND)
    assert engine.current() is None  # the first server's session is none of the second's
    second = engine.replace(None)
    assert first.access_token != second.access_token
    assert [form["resource"] for form in world.server.token_forms()] == [MCP, SECOND]
    assert world.engine().current().access_token == first.access_token


@requirement("RES-10", "PRM-7")
@pytest.mark.parametrize(
    "resource",
    [SECOND, "https://mcp.example.com/mcp/other", "https://mcp.example.com/mc", "https://mcp.example.com.evil.example"],
)
def test_a_server_that_calls_itself_another_one_gets_no_token_for_that_one(resource):
    """Row I5."""
    world = World(names_the_resource=resource)
    with pytest.raises(TrustError):
        world.engine().replace(None)
    assert (world.person.asked, world.server.token_forms()) == ([], [])


@requirement("RES-10")
def test_a_server_that_changes_what_it_calls_itself_gets_no_renewed_token_for_that():
    """Row I5."""
    world = World()
    engine = world.logged_in()
    world.server.names_the_resource = SECOND
    world.server.publishes_scopes = ("all",)
    engine.replace(world.kept().token)
    assert world.server.token_forms()[-1]["resource"] == MCP


def test_an_answer_that_repeats_itself_for_every_page_is_read_once():
    mix_up = MixUp()
    asked = []

    def other(request):
        asked.append(request.url)
        return HttpResponse(404, request.url)

    mix_up.network = Internet(mix_up.evil, mix_up.other)
    discover(Settings(url=MCP), None, lambda request: (other if HONEST in request.url else mix_up.evil)(request))
    assert len(set(asked)) == len(asked) == 2
