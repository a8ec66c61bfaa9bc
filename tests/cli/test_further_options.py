# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Every other option of the settings can be given on the command line too."""

from dataclasses import fields

import pytest

from tests.cli.bridge.running import Bridge
from valetkey._cli.further_options import read_options, read_pairs
from valetkey._cli.option_names import SWITCHES, TEXTS
from valetkey._cli.outcome import CommandFailed, ExitCode
from valetkey.settings.settings import Settings


def test_they_are_options_of_the_settings():
    assert {*SWITCHES, *TEXTS} <= {field.name for field in fields(Settings)}


def test_each_is_read_by_its_type():
    given = ["assume_pkce=true", "send_resource=False", "resource=urn:a=b"]
    assert read_options(given) == {"assume_pkce": True, "send_resource": False, "resource": "urn:a=b"}


@pytest.mark.parametrize("given", ["assume_pkce", "nothing=1", "=x", "assume_pkce=yes", "principal=alice"])
def test_what_is_none_is_wrong_usage(given):
    with pytest.raises(CommandFailed) as failed:
        read_options([given])
    assert failed.value.code is ExitCode.USAGE


def test_a_hint_that_names_one_can_be_followed(valetkey, server):
    server.authorization.announces_pkce = None
    done = valetkey("login", server.url)
    assert done.code == ExitCode.UNSUPPORTED
    assert "say so with --option assume_pkce=true" in done.err
    assert valetkey("login", server.url, "--option", "assume_pkce=true").code == ExitCode.DONE
    assert valetkey("refresh", server.url).code == ExitCode.DONE


def test_pairs_are_read_with_their_sign():
    assert read_pairs(["prompt=a=b", "x="], "=", "--authorize-param") == {"prompt": "a=b", "x": ""}
    assert read_pairs(["X-Key: a:b"], ":", "--header") == {"X-Key": "a:b"}


@pytest.mark.parametrize("given", ["secret-word", "=secret-word"])
def test_a_pair_that_is_none_is_not_shown(given):
    with pytest.raises(CommandFailed) as failed:
        read_pairs([given], "=", "--authorize-param")
    assert failed.value.code is ExitCode.USAGE
    assert failed.value.hint == "Write it as --authorize-param NAME=VALUE."
    assert "secret-word" not in str(failed.value)


@pytest.mark.parametrize("command", ["login", "doctor"])
def test_an_option_that_names_one_thing_twice_is_wrong_usage(valetkey, server, command):
    """The first value was dropped in silence."""
    pairs = {"--option": ("strict=true", "strict=false")}
    pairs |= {"login": {"--authorize-param": ("a=1", "a=2")}, "doctor": {"--header": ("X-Key: 1", "X-Key: 1")}}[command]
    for option, (one, two) in pairs.items():
        done = valetkey(command, server.url, option, one, option, two)
        name = one.replace(":", "=").partition("=")[0]
        assert (done.code, done.err) == (2, f"Error: {option} {name} is given more than once.\nGive it once.\n")
    assert server.seen == []


def test_a_person_may_ask_the_login_page_for_another_account(valetkey, server):
    done = valetkey("login", server.url, "--authorize-param", "prompt=select_account")
    assert done.code == ExitCode.DONE
    assert "prompt=select_account" in done.err


@pytest.mark.parametrize("command", ["tools", "doctor", "bridge"])
def test_a_hint_of_another_command_leads_to_a_login_that_takes_it(valetkey, server, command):
    """Each takes the session of that login, and the doctor takes the option itself."""
    server.authorization.announces_pkce = None
    told, to_do = said_by(valetkey, command, server.url)
    assert "PKCE" in told
    assert "--option assume_pkce=true" in to_do
    if command == "doctor":
        assert valetkey("doctor", server.url, "--option", "assume_pkce=true").code == ExitCode.DONE
    else:
        way = f"To give it, log in by name: valetkey login {server.url}"
        assert to_do.endswith(way)
        assert valetkey(*way.partition("valetkey ")[2].split(), "--option", "assume_pkce=true").code == ExitCode.DONE
        assert valetkey("refresh", server.url).code == ExitCode.DONE


def said_by(valetkey, command, url):
    if command == "bridge":
        with Bridge(url, "--login", "browser", VALETKEY_STORE=valetkey.store) as bridge:
            error = bridge.open()["error"]
            return error["message"], error["data"]["hint"]
    document = valetkey(command, url, "--json").document
    if command == "doctor":
        return document["verdict"]["text"], document["verdict"]["todo"]
    return document["error"]["message"], document["error"]["hint"]
