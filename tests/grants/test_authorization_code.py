# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A person logs in with a browser: what is asked and exchanged, and how it ends."""

import base64
import hashlib
import logging
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.fakes.authorization_server import ISSUER, MCP, REGISTER, TOKEN
from tests.fakes.grants import GrantAttempt
from tests.fakes.network import HTML, Gate, no_answer
from tests.fakes.threads import LONGEST_WAIT, in_background
from tests.fakes.world import World
from tests.network.names import NameServer
from tests.requirements import requirement
from valetkey._discovery.discovery import discover
from valetkey._network.guard import Guard
from valetkey._network.sender import HttpSender, UnknownOutcome
from valetkey.errors import (
    AuthError,
    ClientRefused,
    InsecureEndpoint,
    IssuerMismatch,
    LoginFailed,
    MalformedDocument,
    Refused,
    StateMismatch,
    TemporaryError,
    Unsupported,
)
from valetkey.login.never import NeverLogin
from valetkey.values import ClientAuthentication, MetadataSource, Secret, ServerMetadata

ADDRESS = "http://127.0.0.1:50001/callback"
FIXED = "http://127.0.0.1:8080/callback"


def nobody(callback):
    message = "Nobody has answered."
    raise LoginFailed(message, hint="Log in next time.")


def query(url):
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def s256(verifier):
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def world():
    return World()


@requirement("AUT-1", "AUT-2", "AUT-3", "RES-1", "RES-2", "RES-8", "TOK-2", "TOK-3", "SCP-11")
def test_the_link_and_the_exchange_have_everything_once_and_the_same_resource(world):
    session = GrantAttempt(world, scope=("read", "write")).run()
    asked = query(world.person.asked[0].authorization_url)
    exchanged = world.server.token_forms()[0]
    assert asked == {
        "response_type": "code",
        "client_id": session.client.client_id,
        "redirect_uri": ADDRESS,
        "state": asked["state"],
        "code_challenge": s256(exchanged["code_verifier"]),
        "code_challenge_method": "S256",
        "resource": MCP,
        "scope": "read write",
    }
    assert exchanged == {
        "grant_type": "authorization_code",
        "code": exchanged["code"],
        "redirect_uri": ADDRESS,
        "code_verifier": exchanged["code_verifier"],
        "resource": MCP,
        "client_id": session.client.client_id,
    }


@requirement("SCP-3")
def test_without_a_scope_the_parameter_is_left_out(world):
    GrantAttempt(world).run()
    assert "scope" not in query(world.person.asked[0].authorization_url)


def test_the_session_is_complete(world):
    session = GrantAttempt(world, scope=("read",)).run()
    assert world.server.accepts(session.token.access_token.reveal())
    assert (session.issuer, session.server.token_endpoint, session.resource) == (ISSUER, TOKEN, MCP)
    assert (session.client.issuer, session.client.redirect_uri) == (ISSUER, ADDRESS)
    assert (session.requested_scope, session.token.scope, session.interactive) == (("read",), ("read",), True)
    assert session.token.expires_at == world.clock.time + 3600


@requirement("SCP-12")
def test_the_granted_scope_may_be_smaller_than_the_requested_one(world):
    world.server.grants_only = "read"
    session = GrantAttempt(world, scope=("read", "write")).run()
    assert (session.requested_scope, session.token.scope) == (("read", "write"), ("read",))


def test_the_answer_may_come_as_a_form(world):
    world.server.answers_as_form = True
    session = GrantAttempt(world).run()
    assert world.server.accepts(session.token.access_token.reveal())
    assert session.token.refresh_token is not None


@requirement("AUT-4", "AUT-8")
def test_every_login_has_a_state_and_a_verifier_of_its_own(world):
    for _ in range(2):
        GrantAttempt(world).run()
    states = {query(prompt.authorization_url)["state"] for prompt in world.person.asked}
    verifier = world.server.token_forms()[0]["code_verifier"]
    assert len(states) == 2
    assert 43 <= len(verifier) <= 128
    assert verifier not in states


@requirement("AUT-17")
def test_the_person_is_told_who_asks_and_where_the_login_is(world):
    attempt = GrantAttempt(world, login_timeout=17)
    attempt.run()
    prompt = world.person.asked[0]
    assert (prompt.server_url, prompt.issuer, prompt.redirect_uri) == (MCP, ISSUER, ADDRESS)
    assert world.person.seconds == [17]
    assert attempt.announced == [prompt, None]


@pytest.mark.parametrize(("gate", "outcome"), [(False, "answered"), (True, "no answer")])
def test_a_login_is_logged_without_its_query(world, caplog, gate, outcome):
    caplog.set_level(logging.INFO, "valetkey.requests")
    world.person.brings = nobody if gate else world.person.brings
    attempt = GrantAttempt(world)
    attempt.fails(LoginFailed) if gate else attempt.run()
    record = next(record for record in caplog.records if record.method == "browser")
    assert (record.url, record.outcome) == (f"{ISSUER}/authorize", outcome)


def test_the_person_sees_the_success_after_the_session_is_saved(world):
    attempt = GrantAttempt(world)
    seen = []
    world.person.told = type(
        "Told", (list,), {"append": lambda self, error: seen.append((error, len(attempt.saved)))}
    )()
    attempt.run()
    assert seen == [(None, 1)]


@requirement("RSP-11")
@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("access_denied", LoginFailed),
        ("invalid_scope", LoginFailed),
        ("unauthorized_client", LoginFailed),
        ("server_error", TemporaryError),
        ("temporarily_unavailable", TemporaryError),
    ],
)
def test_a_declined_login_is_over_and_the_person_sees_why(world, error, kind):
    world.server.declines_with = error
    attempt = GrantAttempt(world)
    raised = attempt.fails(kind, error)
    assert world.person.told == [raised]
    assert world.server.token_forms() == []
    assert attempt.announced[-1] is None


@requirement("RES-9")
def test_a_resource_the_server_does_not_know_is_reported_at_the_login_and_at_the_exchange(world):
    world.server.declines_with = "invalid_target"
    assert GrantAttempt(world).fails(LoginFailed, "invalid_target").error == "invalid_target"
    world.server.declines_with = None
    world.server.refuses_tokens_with = "invalid_target"
    assert GrantAttempt(world).fails(Refused, "invalid_target").error == "invalid_target"
    assert len(world.server.token_forms()) == 1


@requirement("AUT-6", "AUT-7", "RSP-9")
@pytest.mark.parametrize(
    "forge",
    [
        lambda url: url.replace("state=", "state=x"),
        lambda url: url.replace("state=", "other="),
        lambda url: url + "&code=second",
        lambda url: url + "&state=",
        lambda url: ADDRESS,
    ],
    ids=["wrong state", "no state", "two codes", "two states", "nothing at all"],
)
def test_an_answer_to_another_login_is_not_exchanged(world, forge):
    world.person.brings = forge
    raised = GrantAttempt(world).fails(StateMismatch)
    assert world.server.token_forms() == []
    assert world.person.told == [raised]


@requirement("RSP-1", "RSP-2", "RSP-3", "RSP-4", "RSP-5", "RSP-6", "RSP-8")
@pytest.mark.parametrize(
    ("announced", "sent", "is_right"),
    [
        (True, ISSUER, True),
        (True, "", False),
        (True, f"{ISSUER}/", False),
        (True, "https://evil.example.com", False),
        (False, ISSUER, True),
        (False, None, True),
        (False, "https://AUTH.example.com", False),
    ],
)
def test_the_answer_has_to_come_from_the_issuer(world, announced, sent, is_right):
    world.server.announces_iss, world.server.sends_iss = announced, sent
    attempt = GrantAttempt(world)
    if is_right:
        attempt.run()
    else:
        attempt.fails(IssuerMismatch)
        assert world.server.token_forms() == []


@requirement("RSP-2")
def test_an_announced_issuer_that_does_not_come_is_missed(world):
    world.server.announces_iss = True
    world.person.brings = lambda url: url.partition("&iss=")[0] + "&code=" + query(url)["code"]
    GrantAttempt(world).fails(IssuerMismatch)


@requirement("RSP-2", "RSP-11")
def test_a_refusal_without_the_announced_issuer_is_told_in_the_servers_words(world):
    """django-oauth-toolkit."""
    world.server.announces_iss = True
    world.server.declines_with = "access_denied"
    refusal = "&error=access_denied&error_description=No+thanks"
    world.person.brings = lambda url: url.partition("&iss=")[0] + refusal
    raised = GrantAttempt(world).fails(LoginFailed)
    assert (raised.error, raised.description) == ("access_denied", "No thanks")
    assert '"access_denied" "No thanks"' in str(raised)
    assert world.server.token_forms() == []
    assert world.person.told == [raised]


@requirement("AUT-6", "RSP-11")
def test_a_refusal_without_a_state_is_quoted_and_changes_nothing(world):
    """Row F3."""
    world.server.declines_with = "invalid_scope"
    world.person.brings = lambda url: url.partition("?")[0] + "?error=invalid_scope&error_description=No+such+scope"
    raised = GrantAttempt(world).fails(StateMismatch)
    assert '"invalid_scope" "No such scope"' in str(raised)
    assert world.person.told == [raised]
    assert len(world.person.asked) == 1


@requirement("RSP-7")
def test_the_error_of_another_issuer_is_neither_believed_nor_shown(world):
    world.server.declines_with = "access_denied"
    world.server.sends_iss = "https://evil.example.com"
    raised = GrantAttempt(world).fails(IssuerMismatch)
    assert "access_denied" not in str(raised)


@requirement("ASM-12", "ASM-13", "AUT-5", "VER-7")
@pytest.mark.parametrize("announced", [None, (), ("plain",)])
def test_without_s256_nobody_is_registered_or_asked(world, announced):
    world.server.announces_pkce = announced
    GrantAttempt(world).fails(Unsupported, "does not announce PKCE with S256")
    assert (world.person.wanted_addresses, world.server.log()) == ([], [])


@pytest.mark.parametrize("missing", ["authorization_endpoint", "token_endpoint"])
def test_a_server_without_an_endpoint_asks_nobody(world, missing):
    world.server.says_further = {missing: None}
    GrantAttempt(world).fails(Unsupported, "names no authorization or token endpoint")
    assert world.person.wanted_addresses == []


@requirement("VER-4", "VER-6")
def test_an_old_server_without_metadata_gets_s256_and_the_resource_all_the_same():
    world = World(issuer="https://mcp.example.com", describes_the_resource_at=(), describes_itself_at=())
    session = GrantAttempt(world).run()
    asked = query(world.person.asked[0].authorization_url)
    assert (asked["code_challenge_method"], asked["resource"]) == ("S256", MCP)
    assert session.server.source is MetadataSource.GUESSED


@requirement("ASM-14", "AUT-12")
def test_a_link_that_no_browser_may_open_is_not_shown(world):
    server = ServerMetadata(ISSUER, "https://auth.example.com/a#x", TOKEN, REGISTER, source=MetadataSource.CONFIGURED)
    attempt = GrantAttempt(world)
    target = replace(discover(attempt.settings, None, world.server), server=server)
    with pytest.raises(InsecureEndpoint):
        attempt.obtain(target)
    assert (world.person.asked, attempt.announced) == ([], [])


@requirement("GEN-6")
def test_who_is_not_registered_asks_nobody(world):
    world.server.refuses_registration_with = (400, "invalid_client_metadata")
    GrantAttempt(world).fails(ClientRefused)
    assert (world.person.asked, world.person.told) == ([], [])


def test_where_nobody_may_be_asked_nobody_is_registered(world):
    GrantAttempt(world, seams=world.seams(login=NeverLogin())).fails(AuthError, 'login="never"')
    assert world.server.log() == []


@requirement("DCR-12", "AUT-9")
def test_the_next_login_wants_the_registered_address_again(world):
    GrantAttempt(world).run()
    session = GrantAttempt(world).run()
    assert world.person.wanted_addresses == [(None, False), (ADDRESS, False)]
    assert (session.client.redirect_uri, world.server.registrations()) == (ADDRESS, [])


@requirement("DCR-12", "AUT-9")
def test_a_registered_address_that_is_taken_leads_to_a_new_registration(world):
    first = GrantAttempt(world).run()
    world.person.taken_addresses = (ADDRESS,)
    second = GrantAttempt(world).run()
    assert second.client.client_id != first.client.client_id
    assert world.server.registrations()[0]["redirect_uris"] == [second.client.redirect_uri] != [ADDRESS]


def test_a_fixed_address_that_is_taken_registers_nobody(world):
    world.person.taken_addresses = (FIXED,)
    GrantAttempt(world, redirect_uri=FIXED).fails(LoginFailed, "taken")
    assert world.person.wanted_addresses == [(FIXED, True)]
    assert world.server.log() == []


@requirement("REG-1", "REG-2", "TOK-4")
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_confidential_client_of_the_user_logs_in_by_the_method_the_server_lists(world, method):
    world.server.knows("mine", FIXED, secret="s3cret", method=method)
    world.server.registers_clients, world.server.lists_authentication = False, (method,)
    mine = {"client_id": "mine", "client_secret": Secret("s3cret"), "issuer": ISSUER}
    session = GrantAttempt(world, **mine, redirect_uri=FIXED).run()
    assert session.client.client_id == "mine"
    assert ("client_secret" in world.server.token_forms()[0]) is (method == "client_secret_post")


@requirement("DCR-7", "TOK-4")
def test_a_registered_secret_is_used_in_the_way_it_was_registered_for(world):
    world.server.registers_with = {"client_secret": "s3cret", "token_endpoint_auth_method": "client_secret_basic"}
    assert GrantAttempt(world).run().client.authentication is ClientAuthentication.BASIC


@requirement("RSP-13")
@pytest.mark.parametrize(
    ("trouble", "error"),
    [(500, TemporaryError), (no_answer(), UnknownOutcome), (HTML, MalformedDocument), (403, Refused)],
    ids=str,
)
def test_a_code_is_sent_once_whatever_comes_back(world, trouble, error):
    world.server.has(TOKEN, trouble)
    raised = GrantAttempt(world).fails(error)
    assert len(world.server.token_forms()) == 1
    assert world.person.told == [raised]


@requirement("DCR-12")
def test_a_registration_the_server_has_forgotten_is_made_anew_at_the_next_login(world):
    world.server.lists_authentication = ("none",)
    world.person.brings = lambda url: world.server.clients.clear() or url
    GrantAttempt(world).fails(ClientRefused, "invalid_client")
    world.person.brings = lambda url: url
    GrantAttempt(world).run()
    assert len(world.server.registrations()) == 1


@requirement("RSP-12", "AUT-8")
def test_the_code_goes_where_the_login_began_even_if_the_metadata_changes_meanwhile(world):
    world.person.gate = Gate()
    attempt = GrantAttempt(world)
    running = in_background(attempt.run)
    assert world.person.gate.reached.wait(LONGEST_WAIT)
    world.server.says_further = {"token_endpoint": "https://evil.example.com/token"}
    world.person.gate.opened.set()
    running.result(LONGEST_WAIT)
    assert world.server.log() == [f"POST {REGISTER}", f"POST {TOKEN}"]
    assert len(attempt.saved) == 1


@requirement("RES-9")
def test_a_login_is_not_tried_without_the_resource_when_the_server_does_not_know_this_one():
    world = World(declines_with="invalid_target")
    with pytest.raises(LoginFailed):
        world.engine().replace(None)
    assert len(world.person.asked) == 1


# What the browser may open.

NOT_FROM_OUTSIDE = [
    "http://127.0.0.1:8080/admin/reboot",
    "http://localhost:8080/admin/reboot",
    "https://localhost./admin/reboot",
    "https://192.168.1.1/",
    "https://192.168.1.1./",
    "https://0x7f000001/",
    "https://2130706433/",
    "https://[::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://169.254.169.254/latest",
    "https://router.example/",
]


def judged_from_outside(world, *named):
    """The seams of an engine whose MCP server is on the internet; `router.example` is in this network."""
    names = NameServer(mcp_example_com=["8.8.8.8"], auth_example_com=["8.8.8.8"], router_example=["192.168.1.1"])
    return world.seams(judge_link=HttpSender(Guard(MCP, named, resolve=names)).judge_link)


@requirement("AUT-12", "AUT-14", "SEC-4")
@pytest.mark.parametrize("endpoint", NOT_FROM_OUTSIDE)
def test_a_link_into_the_persons_own_network_is_not_shown_and_no_client_is_registered_for_it(endpoint):
    """Row I8."""
    world = World(says_further={"authorization_endpoint": endpoint})
    error = GrantAttempt(world, seams=judged_from_outside(world)).fails(InsecureEndpoint)
    assert error.url == endpoint
    assert (world.server.log(), world.person.wanted_addresses, world.person.asked) == ([], [], [])


def test_a_link_that_the_user_has_named_is_shown_wherever_it_leads():
    """Row I8."""
    inside = "https://router.example/authorize"
    world = World()
    world.person.visits = lambda url, **how: world.server.visit(url.replace(inside, f"{ISSUER}/authorize"), **how)
    given = {"authorization_endpoint": inside}
    GrantAttempt(world, seams=judged_from_outside(world, inside), **given).run()
    assert world.person.asked[0].authorization_url.startswith(inside)


def test_the_address_that_the_answer_comes_to_is_ours_and_not_judged():
    """Row I8."""
    world = World()
    GrantAttempt(world, seams=judged_from_outside(world)).run()
    assert world.person.asked[0].redirect_uri == ADDRESS
