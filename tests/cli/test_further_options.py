# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Every other option of the settings can be given on the command line too."""

from dataclasses import fields

import pytest

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


def test_a_person_may_ask_the_login_page_for_another_account(valetkey, server):
    done = valetkey("login", server.url, "--authorize-param", "prompt=select_account")
    assert done.code == ExitCode.DONE
    assert "prompt=select_account" in done.err
