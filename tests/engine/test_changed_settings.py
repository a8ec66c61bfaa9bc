# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A program is started again with another option than the one that logged in: what becomes of the stored session."""

import base64
import threading
from dataclasses import fields, replace
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fakes.authorization_server import ISSUER, MCP, TOKEN
from tests.fakes.dpop import ProofChecks
from tests.fakes.keys import pem_of, private_key
from tests.fakes.network import challenges
from tests.fakes.seams import BEGINNING
from tests.fakes.world import World, a_session
from valetkey._engine.decision import TokenNeed
from valetkey._policy.fitting import OPTIONS, Effect
from valetkey._sessions.codec import session_key
from valetkey.errors import AuthError, LoginFailed, LoginRequired, ScopeMissing, Unsupported
from valetkey.login.never import NeverLogin
from valetkey.settings.credentials import RegisteredClient
from valetkey.settings.settings import Settings
from valetkey.values import Client, ClientAuthentication, ClientOrigin, MetadataSource, Secret
from valetkey.wire import HttpResponse

MACHINE = {"client_id": "machine", "client_secret": "s3cret", "issuer": ISSUER}
ADDRESS = "http://127.0.0.1:8765/callback"
BY_HAND = {"client_id": "app", "client_secret": "old", "issuer": ISSUER, "redirect_uri": ADDRESS}


def record(world, **settings):
    return world.store.inner.get(session_key(world.settings(**settings)))


def scopes_asked(world):
    return [parse_qs(urlsplit(each.authorization_url).query).get("scope", [None])[0] for each in world.person.asked]


def starts_again(world, **settings):
    """Start another program while the token is good, and give the token that its first request carries, if any."""
    world.forget_what_happened()
    return world.engine(**settings).current()


def logged_in(world, **settings):
    return world.engine(**settings).replace(None)


def uses_the_session(world, **settings):
    token = starts_again(world, **settings)
    return token is not None and not world.server.requests


def begins_a_new_login_beside_the_record(world, **settings):
    """The old token is not sent, the record stays until the new one is there, and that one fits from then on."""
    before = record(world, **settings)
    assert before is not None
    assert starts_again(world, **settings) is None
    assert record(world, **settings) == before
    never = world.engine(**settings, seams=world.seams(login=NeverLogin()))
    if not never.settings.is_machine:
        with pytest.raises(LoginRequired):
            never.replace(None)
        assert record(world, **settings) == before
    world.engine(**settings).replace(None)
    assert record(world, **settings) != before
    asked = len(world.person.asked)
    assert uses_the_session(world, **settings)
    return asked


# What wants a new token.


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (("read",), ("read", "write")),
        (("read",), ("write",)),
        (None, ("read",)),
        (("read",), ("read", "offline_access")),
    ],
    ids=str,
)
@pytest.mark.parametrize("grants_only", [None, "read"], ids=["as asked", "less than asked"])
@pytest.mark.parametrize("tells_scope", [True, False], ids=["said", "unsaid"])
def test_a_wider_scope_in_the_settings_is_one_new_login_and_no_second_one(first, then, grants_only, tells_scope):
    """Compared is what was asked for. What was granted would lead to a login at every start. Row B1."""
    world = World(grants_only=grants_only, tells_scope=tells_scope)
    logged_in(world, scope=first)
    assert begins_a_new_login_beside_the_record(world, scope=then) == 1
    assert set(then) <= set(world.kept().requested_scope)


@pytest.mark.parametrize("then", [("read",), ("write", "read"), None])
def test_programs_with_a_narrower_and_a_wider_scope_do_not_log_in_in_turns(then):
    """Row B1."""
    world = World()
    logged_in(world, scope=("read", "write"))
    assert uses_the_session(world, scope=then)
    assert uses_the_session(world, scope=("read", "write"))


def test_what_a_step_up_has_brought_counts_as_asked_for():
    """Row B1."""
    world = World(publishes_scopes=("read",))
    engine = world.engine()
    engine.replace(engine.replace(None), challenges('Bearer error="insufficient_scope", scope="write"'))
    assert uses_the_session(world, scope=("read", "write"))
    assert begins_a_new_login_beside_the_record(world, scope=("read", "write", "share")) == 1


def test_a_scope_that_the_server_made_smaller_than_the_set_one_is_not_asked_for_at_every_start():
    """The login succeeds without `offline_access`, which stays in the settings. Row B1."""
    world = World(lists_scopes=("read",))
    visit = world.server.visit

    def refuse_offline_access(url, *, allows=True):
        world.server.declines_with = "invalid_scope" if "offline_access" in url else None
        return visit(url, allows=allows)

    world.person.visits = refuse_offline_access
    scope = ("read", "offline_access")
    logged_in(world, scope=scope)
    assert world.kept().requested_scope == ("read",)
    assert uses_the_session(world, scope=scope)


def test_a_scope_that_the_hint_says_to_add_is_asked_for_by_the_next_program():
    """Rows B1, B5."""
    world = World()
    engine = world.engine(scope=("read",))
    token = engine.replace(None)
    with pytest.raises(ScopeMissing) as caught:
        engine.replace(token, challenges('Bearer error="insufficient_scope", scope="write"'))
    assert "scope=" in caught.value.hint
    world.forget_what_happened()
    assert world.engine(scope=("read", *caught.value.required)).replace(None).scope == ("read", "write")
    assert scopes_asked(world) == ["read write"]


def test_a_machine_with_a_wider_scope_gets_another_token_at_once():
    """Row B1."""
    world = World()
    world.server.knows("machine", secret="s3cret")
    logged_in(world, **MACHINE, scope=("read",))
    assert begins_a_new_login_beside_the_record(world, **MACHINE, scope=("read", "write")) == 0


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({}, {"resource": "https://mcp.example.com"}),
        ({"resource": "https://mcp.example.com"}, {"resource": MCP}),
        ({"resource": "https://mcp.example.com"}, {}),
        ({}, {"send_resource": False}),
        ({"send_resource": False}, {}),
        ({"send_resource": False}, {"resource": MCP}),
        ({"send_resource": False}, {"send_resource": True}),
    ],
    ids=str,
)
def test_another_resource_in_the_settings_wants_a_new_token(first, then):
    """Row B3."""
    world = World()
    world.server._resource = lambda sent: sent.get("resource")  # one of the few that can do without
    logged_in(world, **first)
    assert begins_a_new_login_beside_the_record(world, **then) == 1


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({}, {"resource": MCP}),
        ({"resource": MCP}, {}),
        ({}, {"send_resource": True}),
        ({"send_resource": True}, {}),
        ({"resource": "https://mcp.example.com"}, {"resource": "https://mcp.example.com"}),
    ],
    ids=str,
)
@pytest.mark.parametrize("takes_resource", [True, False])
def test_the_same_resource_set_in_another_way_wants_no_new_token(first, then, takes_resource):
    """A server that does not know the parameter gets none, and that is no reason for a login either. Row B3."""
    world = World(takes_resource=takes_resource)
    logged_in(world, **first)
    if takes_resource or first == then:
        assert uses_the_session(world, **then)
    else:  # it cannot be known whether the server takes it, until it is asked for it: once
        uses_the_session(world, **then) or logged_in(world, **then)
        assert uses_the_session(world, **then)


def with_identity(world):
    """Let the server issue ID tokens with every token."""
    answer = world.server._issue

    def issue(request, granted, **how):
        response = answer(request, granted, **how)
        mark = b', "id_token": "identity-%d"}' % len(world.server.requests)
        return replace(response, body=response.body.rstrip(b"}") + mark)

    world.server._issue = issue
    return world


def test_the_id_token_of_the_record_is_presented_as_soon_as_the_settings_want_it():
    """Row B3."""
    world = with_identity(World())
    access = logged_in(world).access_token
    identity = starts_again(world, bearer="id_token").access_token
    assert identity.reveal().startswith("identity-")
    assert not world.server.requests
    assert identity != access


@pytest.mark.parametrize("wanted", ["access_token", None])
def test_the_access_token_under_an_id_token_comes_with_a_renewal_and_asks_no_person(wanted):
    """Row B3."""
    world = with_identity(World())
    assert logged_in(world, bearer="id_token").access_token.reveal().startswith("identity-")
    assert starts_again(world, bearer=wanted) is None
    token = world.engine(bearer=wanted).replace(None)
    assert token.access_token.reveal().startswith("access-")
    assert world.server.grant_types() == ["refresh_token"]
    assert uses_the_session(world, bearer=wanted)


def test_without_a_refresh_token_the_access_token_comes_with_a_login():
    """Row B3."""
    world = with_identity(World(issues_refresh_tokens=False))
    logged_in(world, bearer="id_token")
    assert begins_a_new_login_beside_the_record(world) == 1


def test_an_id_token_that_the_record_does_not_have_comes_with_a_login():
    """Row B3."""
    world = World()
    logged_in(world)
    with_identity(world)
    assert begins_a_new_login_beside_the_record(world, bearer="id_token") == 1


def test_a_server_without_id_tokens_does_not_cost_the_session():
    """The option is a mistake; the program without it goes on with what is there. Row B3."""
    world = World()
    logged_in(world)
    with pytest.raises(Unsupported, match="wants an ID token"):
        world.engine(bearer="id_token").replace(None)
    assert uses_the_session(world)


def test_a_server_whose_id_token_is_its_access_token_is_not_asked_again_at_every_start():
    """Row B3."""
    world = World()
    answer = world.server._issue

    def issue(request, granted, **how):
        response = answer(request, granted, **how)
        return replace(response, body=response.body.replace(b'{"access_token": ', b'{"id_token": "same", "x": '))

    def issue_twice(request, granted, **how):
        response = issue(request, granted, **how)
        return replace(response, body=response.body.rstrip(b"}") + b', "access_token": "same"}')

    world.server._issue = issue_twice
    logged_in(world)
    assert uses_the_session(world)
    assert uses_the_session(world, bearer="access_token")


def test_another_pinned_issuer_wants_a_new_token():
    world = World()
    world.keep(replace(a_session(), server=replace(a_session().server, issuer="https://old.example.com")))
    assert begins_a_new_login_beside_the_record(world, issuer=ISSUER) == 1


@pytest.mark.parametrize(("endpoint", "fits"), [(f"{ISSUER}/v2/token", True), ("https://other.example.com/t", False)])
def test_a_refresh_token_does_not_follow_the_settings_to_another_origin_that_stands_for_its_issuer(endpoint, fits):
    """Where all endpoints are set and no issuer, the origin of the token endpoint is the issuer."""
    world = World()
    world.server.knows("app", ADDRESS, secret="old", method=None)
    by_hand = {**BY_HAND, "issuer": None, "authorization_endpoint": f"{ISSUER}/authorize"}
    logged_in(world, **by_hand, token_endpoint=TOKEN)
    assert (starts_again(world, **by_hand, token_endpoint=endpoint) is not None) is fits


def test_a_bound_token_is_wanted_or_not():
    world = World(proofs=ProofChecks(), says_further={"dpop_signing_alg_values_supported": ["ES256"]})
    logged_in(world, dpop=True)
    assert uses_the_session(world)
    assert uses_the_session(world, dpop=True)
    assert starts_again(world, dpop=False) is None
    world = World()
    logged_in(world)
    assert starts_again(world, dpop=True) is None


def test_a_client_among_clients_replaces_the_one_that_valetkey_had_registered():
    world = World()
    logged_in(world)
    world.server.knows("mine", ADDRESS)
    mine = RegisteredClient(ISSUER, "mine", redirect_uri=ADDRESS)
    elsewhere = RegisteredClient("https://elsewhere.example.com", "mine")
    assert uses_the_session(world, clients=[elsewhere])
    assert begins_a_new_login_beside_the_record(world, clients=[mine]) == 1
    assert world.kept().client.client_id == "mine"
    other = replace(mine, client_id="other")
    world.server.knows("other", ADDRESS)
    assert begins_a_new_login_beside_the_record(world, clients=[other, elsewhere]) == 1


def test_what_a_machine_got_as_another_client_is_not_used():
    """Row B3."""
    world = World()
    for name in ("one", "two"):
        world.server.knows(name, secret="s3cret")
    one, two = (RegisteredClient(ISSUER, name, Secret("s3cret")) for name in ("one", "two"))
    logged_in(world, clients=[one], grant="client_credentials")
    assert uses_the_session(world, clients=[one], grant="client_credentials")
    assert begins_a_new_login_beside_the_record(world, clients=[two], grant="client_credentials") == 0


def test_a_client_document_at_another_url_is_another_client():
    world = World()
    document = Client("https://app.example.com/client.json", ISSUER, origin=ClientOrigin.DOCUMENT)
    world.keep(a_session(client=document))
    assert uses_the_session(world, client_metadata_url="https://app.example.com/client.json")
    assert starts_again(world, client_metadata_url="https://app.example.com/other.json") is None
    assert starts_again(world) is None


def test_machines_of_two_kinds_do_not_use_each_others_tokens(tmp_path):
    world = World()
    logged_in_as = world.settings(client_metadata_url=None, workload_token=tmp_path / "token")
    world.server.knows("machine", secret="s3cret")
    machine = RegisteredClient(ISSUER, "machine", Secret("s3cret"))
    logged_in(world, clients=[machine], grant="client_credentials")
    assert session_key(logged_in_as) == session_key(world.settings(clients=[machine], grant="client_credentials"))
    assert starts_again(world, workload_token=tmp_path / "token", clients=[machine]) is None


def test_a_login_on_another_device_and_one_in_the_browser_are_one_session():
    world = World(offers_device_login=True)
    logged_in(world, grant="device_code")
    assert uses_the_session(world)


# What applies at once.


@pytest.fixture
def by_hand():
    """A person has logged in with a client registered by hand, and its token has expired."""
    world = World(revokes_tokens=True)
    world.server.knows("app", ADDRESS, secret="old")
    world.logged_in(**BY_HAND)
    return world


def basic(client_id, secret):
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def test_a_new_secret_in_the_settings_renews_and_revokes(by_hand):
    """Row B2."""
    world, changed = by_hand, {**BY_HAND, "client_secret": "new"}
    world.server.knows("app", ADDRESS, secret="new")
    world.engine(**changed).replace(None)
    assert world.server.grant_types() == ["refresh_token"]
    assert dict(world.server.requests[0].headers)["Authorization"] == basic("app", "new")
    world.forget_what_happened()
    assert world.engine(**{**changed, "client_secret": "new"}).logout().revoked


def test_a_new_secret_revokes_although_nothing_was_renewed_with_it(by_hand):
    """Row B2."""
    by_hand.server.knows("app", ADDRESS, secret="new")
    assert by_hand.engine(**{**BY_HAND, "client_secret": "new"}).logout().revoked


@pytest.mark.parametrize("method", [ClientAuthentication.BASIC, ClientAuthentication.POST])
@pytest.mark.parametrize("before", [None, "client_secret_basic", "client_secret_post"])
def test_another_authentication_method_in_the_settings_is_used_at_once(method, before):
    """Row B2."""
    world = World()
    world.server.knows("app", ADDRESS, secret="old")
    world.logged_in(**BY_HAND, client_authentication=before)
    world.server.knows("app", ADDRESS, secret="old", method=method)
    world.engine(**BY_HAND, client_authentication=method).replace(None)
    assert world.server.grant_types() == ["refresh_token"]


def test_a_key_in_the_settings_replaces_the_secret_at_once(by_hand):
    """Row B2."""
    key = private_key("P-256")
    by_hand.server.knows("app", ADDRESS, key=key.public_key())
    settings = {"client_id": "app", "redirect_uri": ADDRESS, "private_key": Secret(pem_of(key))}
    by_hand.engine(**settings).replace(None)
    assert by_hand.server.grant_types() == ["refresh_token"]
    assert "client_assertion" in by_hand.server.token_forms()[0]


def test_a_secret_that_the_settings_drop_is_not_sent_any_more(by_hand):
    """Row B2."""
    by_hand.server.knows("app", ADDRESS)
    by_hand.engine(client_id="app", redirect_uri=ADDRESS).replace(None)
    assert "Authorization" not in dict(by_hand.server.requests[0].headers)
    assert "client_secret" not in by_hand.server.token_forms()[0]


def test_a_secret_that_was_migrated_with_the_session_stays_where_the_settings_name_none():
    """Row B2."""
    world = World()
    world.server.knows("app", ADDRESS, secret="theirs")
    client = Client("app", ISSUER, Secret("theirs"), redirect_uri=ADDRESS)
    world.keep(a_session(client=client, expires_at=BEGINNING), client_id="app")
    with pytest.raises((LoginFailed, LoginRequired)):
        world.engine(client_id="app", seams=world.seams(login=NeverLogin())).replace(None)
    assert dict(world.server.requests[0].headers)["Authorization"] == basic("app", "theirs")


def test_a_client_that_valetkey_registered_keeps_its_secret():
    """Row B2."""
    world = World(registers_with={"client_secret": "issued", "token_endpoint_auth_method": "client_secret_post"})
    world.logged_in()
    world.engine(client_name="Another name").replace(None)
    assert world.server.token_forms()[0]["client_secret"] == "issued"


def test_a_secret_is_not_put_beside_guessed_endpoints():
    """Row B2."""
    world = World()
    world.server.knows("app", ADDRESS)
    guessed = replace(a_session().server, source=MetadataSource.GUESSED)
    client = Client("app", ISSUER, redirect_uri=ADDRESS)
    world.keep(a_session(client=client, server=guessed, expires_at=BEGINNING), client_id="app")
    with pytest.raises((LoginFailed, LoginRequired)):
        world.engine(**BY_HAND, seams=world.seams(login=NeverLogin())).replace(None)
    assert "Authorization" not in dict(world.server.requests[0].headers)


@pytest.mark.parametrize("life", [3600, None])
def test_a_token_endpoint_in_the_settings_renews_at_once(life):
    """Row B3."""
    world = World(token_life=life)
    world.logged_in()
    elsewhere = "https://tokens.example.com/token"
    rejected = world.engine(token_endpoint=elsewhere).current()
    world.server.forget_access_tokens()
    with pytest.raises(Exception):  # noqa: B017, PT011 the fake serves no such address; where it was asked is the matter
        world.engine(token_endpoint=elsewhere).replace(rejected)
    assert f"POST {elsewhere}" in world.server.log()
    assert f"POST {TOKEN}" not in world.server.log()


JSON = (("Content-Type", "application/json"),)
UNHELPFUL = {
    "503": HttpResponse(503, TOKEN),
    "a page": HttpResponse(400, TOKEN, (("Content-Type", "text/html"),), b"<h1>"),
    "invalid_client": HttpResponse(401, TOKEN, JSON, b'{"error": "invalid_client"}'),
    "an unknown code": HttpResponse(400, TOKEN, JSON, b'{"error": "x_17"}'),
    "another token type": HttpResponse(200, TOKEN, JSON, b'{"access_token": "a", "token_type": "mac"}'),
}


@pytest.mark.parametrize("early", [True, False], ids=["ahead of time", "after a rejection"])
@pytest.mark.parametrize("answer", UNHELPFUL.values(), ids=UNHELPFUL.keys())
@pytest.mark.parametrize(
    "mistake",
    [{"token_endpoint": f"{ISSUER}/wrong"}, {"client_secret": "wrong"}, {"bearer": "id_token"}],
    ids=lambda mistake: next(iter(mistake)),
)
def test_a_setting_with_which_no_renewal_succeeds_is_not_in_the_record(mistake, answer, early):
    """The user takes a mistake back, or another program does not have it: both go on with what is stored. Row B3."""
    world = with_identity(World())
    world.server.knows("app", ADDRESS, secret="old", method=None)
    logged_in(world, **BY_HAND)
    before = replace(world.kept(**BY_HAND), terms=None)  # migrated: the record alone has the secret
    world.keep(before, **BY_HAND)

    def refuse(request):
        return answer if request.method == "POST" else world.server(request)

    engine = world.engine(**{**BY_HAND, **mistake}, seams=world.seams(login=NeverLogin(), send=refuse))
    need = TokenNeed(rejected=engine.current().access_token.reveal(), early=early)
    with pytest.raises(AuthError):
        engine._attempts.obtain(need, threading.Event())
    assert world.kept(**BY_HAND) == before


def test_authorization_parameters_and_time_for_a_login_count_at_the_next_login():
    """Row B3."""
    world = World()
    logged_in(world)
    changed = {"authorization_parameters": {"organization": "acme"}, "login_timeout": 7.0}
    assert uses_the_session(world, **changed)
    world.server.forget_refresh_tokens()
    world.clock.time += 86_400
    world.engine(**changed).replace(None)
    assert parse_qs(urlsplit(world.person.asked[0].authorization_url).query)["organization"] == ["acme"]
    assert world.person.seconds[-1] == 7.0


# Every option.

UNTOUCHED = {
    "profile": "none",
    "strict": True,
    "approve_scope": lambda request: True,
    "on_event": lambda event: None,
    "authorization_parameters": {"organization": "acme"},
    "login_timeout": 5.0,
    "redirect_uri": ADDRESS,
    "client_name": "Another name",
    "offline_access": False,
    "assume_pkce": True,
    "token_endpoint": "https://tokens.example.com/token",
    "authorization_endpoint": f"{ISSUER}/other",
    "device_authorization_endpoint": f"{ISSUER}/device",
    "registration_endpoint": f"{ISSUER}/clients",
}


@pytest.mark.parametrize("option", UNTOUCHED)
def test_an_option_that_wants_no_other_token_leaves_the_session_in_use(option):
    """Row B3."""
    world = World()
    logged_in(world)
    assert uses_the_session(world, **{option: UNTOUCHED[option]})


@pytest.mark.parametrize("option", [{"principal": "ada"}, {"label": "work"}, {"url": "https://mcp.example.com/2"}])
def test_a_part_of_the_key_means_another_session_and_leaves_this_one_alone(option):
    world = World()
    logged_in(world)
    before = record(world)
    assert starts_again(world, **option) is None
    assert record(world) == before


@pytest.mark.parametrize("option", [each.name for each in fields(Settings)])
def test_every_option_says_what_it_does_to_a_stored_session(option):
    """Row B3."""
    rows = [row for row in OPTIONS if row.option == option]
    assert len(rows) == 1, f"add a row for {option} to valetkey/_policy/fitting.py"


def test_no_row_is_about_an_option_that_is_gone():
    assert {row.option for row in OPTIONS} == {each.name for each in fields(Settings)}
    assert {row.option for row in OPTIONS if row.effect is Effect.KEY} == {"url", "principal", "label"}


def test_a_session_that_does_not_fit_is_in_the_log_once(caplog):
    caplog.set_level("INFO", "valetkey")
    world = World()
    logged_in(world, scope=("read",))
    caplog.clear()
    world.engine(scope=("write",)).replace(None)
    assert [each.message for each in caplog.records if "not used" in each.message] == [
        f"the session at {ISSUER} was obtained with another scope=, so it is not used"
    ]


def test_a_session_that_does_not_fit_is_revoked_by_a_logout():
    world = World(revokes_tokens=True)
    logged_in(world, scope=("read",))
    assert world.engine(scope=("write",)).logout().revoked
    assert record(world) is None


def test_a_server_that_renews_without_an_id_token_costs_one_login_at_each_end_and_no_endless_renewals():
    """OpenID Connect Core §12.2 lets a renewal bring none. Row B3."""
    world = World()
    issue = world.server._issue

    def at_logins_only(request, granted, **how):
        answer = issue(request, granted, **how)
        is_renewal = b"grant_type=refresh_token" in request.body
        return answer if is_renewal else replace(answer, body=answer.body.rstrip(b"}") + b', "id_token": "identity"}')

    world.server._issue = at_logins_only
    logged_in(world, bearer="id_token")
    for _ in range(2):
        world.clock.time += 86_400
        world.forget_what_happened()
        assert world.engine(bearer="id_token").replace(None).access_token.reveal() == "identity"
        assert world.server.grant_types() == ["refresh_token", "authorization_code"]
