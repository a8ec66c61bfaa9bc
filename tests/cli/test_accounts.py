# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which session a command means, and what is told where that is not clear; each hint is followed."""

import pytest

from tests.fakes.world import a_session
from valetkey._cli.outcome import ExitCode
from valetkey._sessions.codec import encode_session, session_key
from valetkey.settings.settings import Settings
from valetkey.store import open_store
from valetkey.values import Client

URL = "https://mcp.example.com/mcp"
ISSUER = "https://auth.example.com"


def keep(valetkey, key=None, session=None, **settings):
    members = {"url": URL, "principal": "local", "label": "default", **settings}
    made = {name: value for name, value in members.items() if name != "grant"}
    key = key or session_key(Settings(**made))
    open_store(valetkey.store).put(key, encode_session(session or a_session(expires_at=None), members))


def test_a_url_is_compared_as_servers_compare_it(valetkey):
    keep(valetkey)
    assert valetkey("token", "HTTPS://MCP.example.com:443/mcp").out == "access-0\n"


def test_an_account_that_is_not_there_is_told_with_those_that_are(valetkey):
    keep(valetkey, label="work")
    done = valetkey("token", URL, "--label", "home")
    assert (done.code, done.err) == (
        ExitCode.LOGIN,
        f"Error: There is no session of home at {URL}.\nChoose one of: work.\n",
    )
    assert valetkey("token", URL, "--label", "work").code == ExitCode.DONE


def test_a_session_at_another_path_of_the_server_is_named(valetkey):
    keep(valetkey)
    done = valetkey("token", "https://mcp.example.com/mpc")
    assert done.code == ExitCode.LOGIN
    assert f"There is one at {URL}; or log in: valetkey login https://mcp.example.com/mpc" in done.err
    assert valetkey("token", URL).code == ExitCode.DONE


def test_one_of_several_accounts_is_chosen_by_its_label(valetkey):
    keep(valetkey)
    keep(valetkey, label="work", session=a_session("of-work", expires_at=None))
    done = valetkey("token", URL)
    assert done.code == ExitCode.USAGE
    assert done.err.endswith("Choose one with --label, and --principal if needed.\n")
    assert valetkey("token", URL, "--label", "work").out == "of-work\n"


def test_one_of_several_clients_is_chosen_by_its_id(valetkey):
    keep(valetkey)
    mine = a_session("of-mine", client=Client("mine", ISSUER), expires_at=None)
    keep(valetkey, client_id="mine", session=mine)
    done = valetkey("token", URL)
    assert done.code == ExitCode.USAGE
    assert "Choose one with --client-id: " in done.err
    assert valetkey("token", URL, "--client-id", "mine").out == "of-mine\n"


def test_the_session_of_another_user_is_found_by_the_name(valetkey):
    keep(valetkey, principal="alice")
    assert valetkey("token", URL, "--principal", "alice").code == ExitCode.DONE
    assert valetkey("token", URL, "--principal", "bob").code == ExitCode.LOGIN


def test_what_was_made_with_a_key_can_be_read_here_and_renewed_elsewhere(valetkey):
    keep(valetkey, grant="workload_identity")
    assert valetkey("token", URL).code == ExitCode.DONE
    done = valetkey("refresh", URL)
    assert done.code == ExitCode.USAGE
    assert "Use the program that has made it." in done.err


@pytest.mark.parametrize("label", ["default", "work"])
def test_a_damaged_record_is_an_error_of_the_store(valetkey, label):
    open_store(valetkey.store).put(session_key(Settings(url=URL, label=label)), b"{")
    done = valetkey("token", URL, "--label", label)
    assert done.code == ExitCode.STORE
    assert done.err.count("\n") == 2
