# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a session of the store takes from the settings of today."""

from dataclasses import replace

import pytest

from tests.fakes.authorization_server import ISSUER, TOKEN
from tests.fakes.world import World, a_session
from valetkey._policy.fitting import as_set, terms_of
from valetkey.values import Client, Secret

NAMED = {"issuer": ISSUER}
CONFIGURED = {"token_endpoint": TOKEN, "authorization_endpoint": f"{ISSUER}/authorize"}
CHOSEN_BY_THE_SERVER = {}


@pytest.mark.parametrize(("names", "shows"), [(NAMED, True), (CONFIGURED, True), (CHOSEN_BY_THE_SERVER, False)])
def test_a_new_secret_is_for_an_issuer_that_the_user_has_named(names, shows):
    """Any MCP server may have chosen the issuer of the session, and would get the secret."""
    settings = World.settings(client_id="app", client_secret=Secret("new"), **names)
    session = replace(a_session(), client=Client("app", ISSUER), terms=terms_of(settings))
    assert (as_set(settings, session).client.secret == Secret("new")) is shows


def test_a_secret_that_the_session_has_is_replaced_by_the_one_of_the_settings():
    settings = World.settings(client_id="app", client_secret=Secret("new"), issuer=ISSUER)
    session = replace(a_session(), client=Client("app", ISSUER, secret=Secret("old")), terms=terms_of(settings))
    assert as_set(settings, session).client.secret == Secret("new")
