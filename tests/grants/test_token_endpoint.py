# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What is sent once more, where a server says that it does not take a request as the specifications want it."""

import logging

import pytest

from tests.fakes.authorization_server import TOKEN, UNKNOWN_PARAMETER
from tests.fakes.world import World
from tests.requirements import requirement
from valetkey.errors import LoginFailed, Refused
from valetkey.values import Secret

NO_SCOPE = {"error": "invalid_request", "error_description": "The request body must contain 'scope'."}
MACHINE = {"client_id": "machine", "client_secret": Secret("s3cret")}


def refusal(error):
    text = ", ".join(f'"{name}": "{value}"' for name, value in error.items())
    return 400, "application/json", f"{{{text}}}"


@pytest.fixture(autouse=True)
def _logging(caplog):
    caplog.set_level(logging.INFO, logger="valetkey")


def corrections(caplog):
    return [record.getMessage() for record in caplog.records if "once more" in record.getMessage()]


def machine(**switches):
    world = World(**switches)
    world.server.knows("machine", secret="s3cret")
    return world


# A machine.


def test_a_machine_goes_without_resource_where_the_server_does_not_know_the_parameter(caplog):
    world = machine(takes_resource=False)
    world.engine(**MACHINE).replace(None)
    assert ["resource" in form for form in world.server.token_forms()] == [True, False]
    assert world.kept(**MACHINE).resource is None
    (told,) = corrections(caplog)
    assert "without resource" in told
    assert "s3cret" not in told


@requirement("RES-9")
def test_a_machine_does_not_go_without_where_the_server_refuses_this_resource():
    world = machine()
    world.server.has(TOKEN, refusal({"error": "invalid_target", "error_description": "Unknown parameter: resource"}))
    with pytest.raises(Refused, match="invalid_target"):
        world.engine(**MACHINE).replace(None)
    assert len(world.server.token_forms()) == 1


def test_a_request_is_corrected_once():
    world = machine()
    world.server.has(TOKEN, refusal(UNKNOWN_PARAMETER), refusal(UNKNOWN_PARAMETER))
    with pytest.raises(Refused, match="Unknown parameter"):
        world.engine(**MACHINE).replace(None)
    assert len(world.server.token_forms()) == 2


# A renewal.


def test_a_renewal_goes_without_resource_and_so_does_the_next_one(caplog):
    world = World()
    engine = world.logged_in()
    world.server.takes_resource = False
    engine.replace(None)
    world.clock.time += 86_400
    engine.replace(None)
    assert ["resource" in form for form in world.server.token_forms()] == [True, False, False]
    assert world.person.asked == []
    (told,) = corrections(caplog)
    assert "without resource" in told
    assert not any(secret in told for secret in world.server.secrets)


def test_a_renewal_names_the_granted_scope_where_the_server_wants_to_read_it(caplog):
    world = World(publishes_scopes=("read", "write"), grants_only="read")
    engine = world.logged_in()
    world.server.has(TOKEN, refusal(NO_SCOPE))
    world.server.reads_scope_in_refresh = True
    engine.replace(None)
    assert [form.get("scope") for form in world.server.token_forms()] == [None, "read"]
    assert world.person.asked == []
    (told,) = corrections(caplog)
    assert "with its scope" in told


def test_a_renewal_without_any_scope_has_none_to_name():
    world = World()
    engine = world.logged_in()
    world.server.has(TOKEN, refusal(NO_SCOPE))
    engine.replace(None)
    assert world.server.grant_types() == ["refresh_token", "authorization_code"]


# A login.


def test_a_login_begins_once_more_without_resource(caplog):
    world = World(takes_resource=False)
    world.engine().replace(None)
    asked = [prompt.authorization_url for prompt in world.person.asked]
    assert ["resource=" in url for url in asked] == [True, False]
    assert ["resource" in form for form in world.server.token_forms()] == [False]
    assert world.kept().resource is None
    assert any("once more" in told for told in corrections(caplog))


@requirement("RES-9")
def test_a_login_does_not_go_without_where_the_server_refuses_this_resource():
    world = World(declines_with="invalid_target")
    with pytest.raises(LoginFailed, match="invalid_target"):
        world.engine().replace(None)
    assert len(world.person.asked) == 1
