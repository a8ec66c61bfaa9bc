# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a user is told to do about a refusal; what the wire looks like is in `test_error_response`."""

import pytest

from tests.fakes.authorization_server import ISSUER, MCP, TOKEN
from tests.fakes.world import World
from valetkey.errors import AuthError, Refused
from valetkey.protocol.refusal_hint import refusal_hint, scope_hint

MACHINE = {"client_id": "machine", "client_secret": "s3cret", "issuer": ISSUER}
ANSWERS = {
    "nothing": (403, "text/plain", ""),
    "a page": (403, "text/html", "<html>no</html>"),
    "an empty 400": (400, "", ""),
    "a gateway's 401": (401, "application/json", '{"message": "Unauthorized"}'),
    "a code": (400, "application/json", '{"error": "unsupported_grant_type"}'),
    "another code": (400, "application/json", '{"error": "invalid_grant"}'),
    "not found": (404, "text/plain", "no"),
    "moved": (301, "text/plain", ""),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_machine_is_not_told_to_log_in(answer):
    """Row F5."""
    world = World()
    world.server.knows("machine", secret="s3cret")
    world.server.has(TOKEN, *[ANSWERS[answer]] * 3)
    with pytest.raises(AuthError) as caught:
        world.engine(**MACHINE).replace(None)
    assert "log in" not in str(caught.value).lower()
    assert "operator" in caught.value.hint


@pytest.mark.parametrize("answer", ["nothing", "a code", "another code"])
def test_a_person_is_told_to_log_in_again(answer):
    """Row F5."""
    world = World()
    world.server.has(TOKEN, ANSWERS[answer])
    with pytest.raises(Refused) as caught:
        world.engine().replace(None)
    assert caught.value.hint == "Log in again."


@pytest.mark.parametrize("settings", [{}, MACHINE], ids=["person", "machine"])
def test_a_scope_that_the_token_endpoint_refuses_is_named_with_the_option_that_changes_it(settings):
    """Row F10."""
    world = World(refuses_tokens_with="invalid_scope")
    world.server.knows("machine", secret="s3cret")
    with pytest.raises(Refused) as caught:
        world.engine(**settings, scope="read write").replace(None)
    assert caught.value.hint == 'It was asked for "read write": set scope= to what this server offers.'


def test_a_scope_that_the_authorization_endpoint_refuses_is_named_too():
    """Row F10."""
    world = World(declines_with="invalid_scope")
    with pytest.raises(AuthError, match=r'"read write": set scope= to what this server offers') as caught:
        world.engine(scope="read write").replace(None)
    assert (ISSUER in str(caught.value), MCP in str(caught.value)) == (True, True)


def test_a_scope_that_the_device_endpoint_refuses_is_named_too():
    """Row F10."""
    world = World(offers_device_login=True, refuses_device_login_with=[("invalid_scope", "no")])
    with pytest.raises(AuthError, match=r'"read write": set scope= to what this server offers'):
        world.engine(scope="read write", grant="device_code").replace(None)


def test_the_hint_about_a_scope_leads_on():
    """Rows F10, B5."""
    world = World()
    visit = world.server.visit

    def refuse_all_but_read(url, *, allows=True):
        world.server.declines_with = None if "scope=read&" in f"{url}&" else "invalid_scope"
        return visit(url, allows=allows)

    world.person.visits = refuse_all_but_read
    with pytest.raises(AuthError, match="set scope="):
        world.engine(scope="read write").replace(None)
    assert world.engine(scope="read").replace(None).scope == ("read",)


def test_a_login_without_a_scope_says_that_none_was_asked_for():
    """Row F10."""
    assert scope_hint(None) == "No scope was asked for: set scope= to what this server offers."
    assert refusal_hint("invalid_scope", is_elsewhere=False, scope=(), needs_person=False) == scope_hint(None)
