# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Secrets stay where they belong, and every error says what to do."""

import logging
import re
import traceback
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.fakes.authorization_server import ISSUER, MCP, REGISTER, RESOURCE_METADATA, SERVER_METADATA, TOKEN
from tests.fakes.network import HTML, Gate, challenges, no_answer, unreachable
from tests.fakes.threads import LONGEST_WAIT, in_background
from tests.fakes.world import World, a_session
from tests.requirements import requirement
from valetkey._sessions.codec import session_key
from valetkey.errors import AuthError, LoginRequired
from valetkey.protocol.authorization import AuthorizationRequest
from valetkey.values import ClientAuthentication, Secret

CANARY = "canary-s3cret"
REDIRECT_URI = "http://127.0.0.1:8080/callback"
MACHINE = {"client_id": "mine", "client_secret": Secret(CANARY), "issuer": ISSUER}
CONFIDENTIAL = {**MACHINE, "redirect_uri": REDIRECT_URI}
WANTS_WRITE = challenges('Bearer error="insufficient_scope", scope="write"')


def world_of(**switches):
    world = World(**switches)
    world.server.knows("mine", REDIRECT_URI, secret=CANARY)
    return world


def fail(world, **settings):
    with pytest.raises(AuthError) as caught:
        world.engine(**settings).replace(None)
    return caught.value


def a_life_of_trouble(world, engine, settings):
    """Let everything happen to a session that can, and give the errors: login, upgrade, renewals, refusals."""
    engine.replace(engine.replace(None), WANTS_WRITE)
    for trouble in ([503], [HTML] * 3, [unreachable()], [403] * 3, [no_answer()] * 2):
        world.clock.time += 86_400
        world.server.has(TOKEN, *trouble)
        yield fail(world, **settings)
        world.server.troubles.clear()
    engine.replace(None)
    world.clock.time += 86_400
    world.server.refuses_tokens_with = "invalid_request"
    yield fail(world, **settings)
    world.server.refuses_tokens_with = None
    if not engine.settings.is_machine:
        yield from the_trouble_with_people(world, settings)
    world.store.inner.put(session_key(engine.settings), f'{{"token": "{CANARY}'.encode())
    yield fail(world, **settings)


def the_trouble_with_people(world, settings):
    world.server.forget_refresh_tokens()
    world.person.denies = True
    yield fail(world, **settings)
    world.person.denies, world.person.brings = False, lambda url: url.replace("state=", "state=x")
    yield fail(world, **settings)
    world.person.brings, world.server.sends_iss = (lambda url: url), "https://evil.example.com"
    yield fail(world, **settings)


@requirement("SEC-12", "USE-7")
@pytest.mark.parametrize("settings", [{}, CONFIDENTIAL, MACHINE], ids=["public", "confidential", "machine"])
def test_no_secret_of_a_whole_life_shows_in_logs_errors_tracebacks_or_reprs(settings, caplog):
    caplog.set_level(logging.DEBUG)
    world = world_of()
    engine = world.engine(**settings)
    seen = []
    for error in a_life_of_trouble(world, engine, settings):
        seen += [str(error), repr(error), error.hint, "".join(traceback.format_exception(error))]
    seen += [repr(each) for each in (engine.session, engine.session.token, engine.session.client, engine.settings)]
    seen += [repr(request) for request in world.server.requests]
    seen += [caplog.text]
    assert len(set(world.server.secrets)) >= 4
    assert [secret for secret in world.server.secrets if any(secret in text for text in seen)] == []


@requirement("SEC-12")
def test_what_waits_for_a_login_shows_neither_state_nor_verifier():
    session = a_session()
    state, verifier = Secret("the-state"), Secret("the-verifier")
    shown = repr(
        AuthorizationRequest(session.server, session.client, REDIRECT_URI, session.resource, None, state, verifier)
    )
    assert REDIRECT_URI in shown
    assert "the-state" not in shown
    assert "the-verifier" not in shown


@requirement("SEC-12", "AUT-16")
def test_the_state_of_a_login_is_in_its_link_and_not_in_what_the_error_says():
    world = World()
    engine = world.engine()
    world.person.gate = Gate()
    waiting = in_background(lambda: engine.replace(None))
    assert world.person.gate.reached.wait(LONGEST_WAIT)
    with pytest.raises(LoginRequired) as caught:
        engine.replace(None, seconds=0)
    world.person.gate.opened.set()
    waiting.result(LONGEST_WAIT)
    state = dict(parse_qsl(urlsplit(caught.value.authorization_url).query))["state"]
    assert state in world.server.secrets
    assert state not in str(caught.value) + repr(caught.value)


@requirement("SEC-12")
@pytest.mark.parametrize("settings", [{}, {**CONFIDENTIAL, "client_authentication": ClientAuthentication.POST}])
def test_a_server_that_repeats_what_it_was_sent_brings_no_secret_into_its_error(settings):
    world = world_of(refuses_tokens_with="invalid_request", repeats_what_it_was_sent=True)
    error = fail(world, **settings)
    assert "grant_type=" in str(error)
    world.server.refuses_tokens_with = None
    world.engine(**settings).replace(None)
    world.server.refuses_tokens_with = "invalid_request"
    world.clock.time += 86_400
    for each in (error, fail(world, **settings)):
        shown = str(each) + repr(each) + repr(vars(each))
        assert [secret for secret in world.server.secrets if secret in shown] == []


def failure(trouble=(), person=None, store=None, **server):
    """Describe what fails: answers of a URL, switches of the person, the store and the server."""
    return trouble, person or {}, store or {}, server


def an_answer(document):
    return (200, "application/json", document)


FAILURES = {
    "no connection": failure(trouble=(RESOURCE_METADATA, unreachable())),
    "resource metadata of another server": failure(names_the_resource="https://evil.example.com/mcp"),
    "no issuer": failure(names_issuers=()),
    "an issuer that is none": failure(names_issuers=("ftp://x",)),
    "server metadata of another issuer": failure(calls_itself="https://evil.example.com"),
    "no server metadata": failure(describes_itself_at=()),
    "server metadata that is down": failure(trouble=(SERVER_METADATA, 503)),
    "no S256": failure(announces_pkce=None),
    "no registration": failure(registers_clients=False),
    "a refused registration": failure(refuses_registration_with=(400, "invalid_redirect_uri")),
    "a registration without sense": failure(trouble=(REGISTER, HTML)),
    "a registration that is down": failure(trouble=(REGISTER, 500)),
    "a denied login": failure(person={"denies": True}),
    "a forged answer": failure(person={"brings": lambda url: url.replace("state=", "state=x")}),
    "an answer without a code": failure(person={"brings": lambda url: url.replace("code=", "x=")}),
    "an answer of another issuer": failure(sends_iss="https://evil.example.com"),
    "a refused code": failure(refuses_tokens_with="invalid_grant"),
    "a refused client": failure(trouble=(TOKEN, *[(401, "application/json", '{"error": "invalid_client"}')] * 2)),
    "a token endpoint that is down": failure(trouble=(TOKEN, 502)),
    "a token endpoint without an answer": failure(trouble=(TOKEN, no_answer())),
    "a token endpoint without sense": failure(trouble=(TOKEN, HTML)),
    "a token of another type": failure(trouble=(TOKEN, an_answer('{"access_token": "a", "token_type": "mac"}'))),
    "a token no header can carry": failure(trouble=(TOKEN, an_answer('{"access_token": "a\\nb"}'))),
    "a store that cannot be read": failure(store={"fails_reads": 1}),
    "a store that cannot be written": failure(store={"fails_writes": 1}),
}


@pytest.mark.parametrize("name", FAILURES)
def test_every_error_says_which_server_what_happened_and_what_to_do(name):
    """Row F17."""
    (url, *what), person, store, server = FAILURES[name][0] or ("",), *FAILURES[name][1:]
    world = world_of(**server)
    world.server.has(url, *what)
    for fake, switches in ((world.person, person), (world.store, store)):
        for switch, value in switches.items():
            setattr(fake, switch, value)
    error = fail(world)
    assert str(error).startswith(f"{error.message} {error.hint}")
    assert len(re.findall(rf"{MCP}(?![\w/])", str(error))) == 1
    assert len(error.message) > 20
    assert error.hint.endswith(".")
    assert not any(secret in str(error) for secret in world.server.secrets)
