# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a user is told to do about a registration: an address that stays, and the cause where it is known."""

from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from tests.fakes.authorization_server import ISSUER
from tests.fakes.clients import ADDRESS, ELSEWHERE, OTHER_ADDRESS, SERVER, target_of
from tests.fakes.world import World
from valetkey._clients.advice import advised, proposed_address, registration_hint
from valetkey.errors import AuthError, ClientRefused, LoginFailed, Refused, TemporaryError
from valetkey.profiles.profile import Profile
from valetkey.values import Client, ClientOrigin

SETTINGS = World.settings()
TARGET = target_of(SERVER)
OURS = Client("client-1", ISSUER, redirect_uri=ADDRESS, origin=ClientOrigin.REGISTERED)
UNANSWERED = LoginFailed("Nobody came.", hint="Again.")


def told(error, client=OURS, *, is_new=True):
    return advised(error, client, TARGET, SETTINGS, is_new=is_new)


def test_the_proposed_address_is_the_same_in_each_run_and_can_be_listened_at():
    """Row F7."""
    addresses = {proposed_address(TARGET, SETTINGS) for _ in range(3)}
    assert addresses == {"http://127.0.0.1:21575/callback"}  # another version proposes no other
    assert World.settings(redirect_uri=addresses.pop()).redirect_uri is not None
    assert 20_000 <= (urlsplit(proposed_address(target_of(ELSEWHERE), SETTINGS)).port or 0) < 30_000
    assert proposed_address(target_of(ELSEWHERE), SETTINGS) != proposed_address(TARGET, SETTINGS)


def test_the_address_of_the_user_is_the_one_that_is_proposed():
    """Row F7."""
    assert proposed_address(TARGET, World.settings(redirect_uri=OTHER_ADDRESS)) == OTHER_ADDRESS


def test_a_provider_that_knows_the_name_alone_gets_the_name():
    """Row F7."""
    target = replace(TARGET, profile=Profile(name="x", localhost=True, hint="Open the console."))
    assert proposed_address(target, SETTINGS).startswith("http://localhost:")
    assert registration_hint(target, SETTINGS).endswith(" Open the console.")


@pytest.mark.parametrize(
    "switches", [{"registers_clients": False}, {"refuses_registration_with": (403, "access_denied")}]
)
def test_two_runs_of_a_program_are_told_the_same(switches):
    """Row F7."""
    hints = set()
    for port in range(3):
        world = World(**switches)
        world.person.wanted_addresses += [(None, False)] * port  # each run listens at another port
        with pytest.raises(AuthError) as caught:
            world.engine().replace(None)
        hints.add(caught.value.hint)
    assert len(hints) == 1
    assert "http://127.0.0.1:21575/callback" in hints.pop()


@pytest.mark.parametrize(
    "error",
    [
        UNANSWERED,
        LoginFailed("No.", hint="Again.", error="invalid_request", description="redirect_uri mismatch"),
        LoginFailed("Not so.", hint="Again.", error="invalid_request"),
        LoginFailed("Not here.", hint="Again.", error="unauthorized_client"),
        Refused("No.", hint="Again.", error="invalid_grant", description="Redirect URI is wrong"),
        ClientRefused("No.", hint="Again.", error="redirect_uri_mismatch"),
    ],
    ids=lambda error: error.message + type(error).__name__,
)
def test_a_login_that_the_registered_address_may_have_broken_says_so(error):
    """Row C2."""
    client = replace(OURS, other_redirect_uris=("https://a.example/", "http://\x1b/"))
    hint = told(error, client).hint
    assert hint.startswith(f'{ISSUER} registered "https://a.example/", "http://\\u001b/" instead of {ADDRESS}')
    assert "redirect_uri='http://127.0.0.1:21575/callback'" in hint


def test_any_other_error_keeps_its_hint():
    for error in (
        LoginFailed("No.", hint="Again.", error="access_denied"),
        TemporaryError("Later.", hint="Again."),
        Refused("No.", hint="Again.", error="invalid_grant"),
    ):
        assert told(error, replace(OURS, other_redirect_uris=("https://a.example/",))).hint == "Again."
    assert told(UNANSWERED).hint == "Again."
    refused = ClientRefused("No.", hint="Check client_id.", error="invalid_client")
    assert told(refused, replace(OURS, origin=ClientOrigin.CONFIGURED)) is refused


@pytest.mark.parametrize("kind", [ClientRefused, LoginFailed])
@pytest.mark.parametrize("code", ["invalid_client", "unauthorized_client"])
def test_a_client_that_the_user_has_not_given_is_not_to_be_checked_by_him(kind, code):
    """Row C1."""
    hint = told(kind("No.", hint="Check the settings of this client.", error=code)).hint
    assert hint == registration_hint(TARGET, SETTINGS)


@pytest.mark.parametrize(
    ("listed", "also"),
    [
        (None, ""),
        (("none", "client_secret_basic"), ""),
        (("client_secret_basic",), f", client_secret, issuer={ISSUER!r}"),
        (("client_secret_post", "private_key_jwt"), f", client_secret, issuer={ISSUER!r}"),
        (("private_key_jwt",), ", private_key"),
        (("tls_client_auth",), ""),
    ],
)
def test_a_client_by_hand_has_what_the_server_wants_it_to_prove_itself_with(listed, also):
    """Rows C1, F7."""
    server = replace(SERVER, token_endpoint_auth_methods_supported=listed)
    assert f"then give its client_id{also} and redirect_uri=" in registration_hint(target_of(server), SETTINGS)


def test_a_stored_client_without_an_answer_may_be_forgotten():
    """Row A7."""
    hint = told(UNANSWERED, is_new=False).hint
    assert hint.startswith("Again. If the page said that it does not know this program: ")
    assert "the next login registers it anew" in hint
