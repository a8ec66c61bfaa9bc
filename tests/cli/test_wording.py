# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A hint that names what a person can type."""

import inspect
import re

import pytest

from tests.hints.collected import all_hints
from valetkey._cli.login import login
from valetkey._cli.wording import for_command, for_commands
from valetkey._engine.refusing import with_way_out
from valetkey.errors import LoginRequired, TemporaryError
from valetkey.login.never import NeverLogin
from valetkey.login.whereabouts import no_person_here, no_person_to_paste

OF_OTHER_COMMANDS = {
    *("--all", "--arg", "--authorize-param", "--header", "--help", "--json", "--overwrite", "--plain", "--principal"),
    *("--resource", "--show"),
}


@pytest.mark.parametrize(
    ("hint", "said"),
    [
        ("Give its issuer=.", "Give its --issuer."),
        ("Give client_id= and client_secret=…", "Give --client-id and --client-secret"),
        ("Go on with it, or give overwrite=True.", "Go on with it, or give --overwrite."),
        ('Name it by a short text, such as label="work".', "Name it by a short text, such as --label work."),
        (
            "name another store (store=, token_storage= or VALETKEY_STORE)",
            "name another store (--store or VALETKEY_STORE)",
        ),
        ("give issuer='https://a.example'; else", "give --issuer https://a.example; else"),
        ("say so with assume_pkce=True.", "say so with --option assume_pkce=true."),
        ("give send_resource=False", "give --option send_resource=false"),
        ("Give token_endpoint= too", "Give --option token_endpoint=VALUE too"),
        (
            "then give its client_id and redirect_uri='http://127.0.0.1:25192/callback'.",
            "then give --client-id ID --callback-port 25192.",
        ),
        (
            "give its client_id, client_secret, issuer='https://a.example' and redirect_uri='http://localhost:1/callback'",
            (
                "give --client-id ID --client-secret env:NAME --issuer https://a.example --callback-port 1 "
                "--callback-host localhost"
            ),
        ),
        ("then give its client_id and client_secret.", "then give --client-id ID --client-secret env:NAME."),
        (
            "or give authorization_endpoint= and token_endpoint= too.",
            "or give --option authorization_endpoint=VALUE and --option token_endpoint=VALUE too.",
        ),
        ("there by hand, then give its client_id.", "there by hand, then give --client-id ID."),
        (
            "in 5 s; login() or valetkey login makes one at once.",
            "in 5 s; valetkey login makes one at once.",
        ),
        (
            "Allow it, and call login() to be asked at once.",
            "Allow it, and run valetkey login URL to be asked at once.",
        ),
        ("name it with --issuer (issuer= in a program)", "name it with --issuer (issuer= in a program)"),
        (
            "Give the URL, resource, headers and authorization_parameters as mcp-remote is run with, or log in.",
            "Give the URL, --resource, --header and --authorize-param as mcp-remote is run with, or log in.",
        ),
        ("Check the network and try again.", "Check the network and try again."),
    ],
)
def test_options_have_the_names_of_the_command_line(hint, said):
    assert for_commands(hint) == said


@pytest.mark.parametrize(
    ("hint", "said"),
    [
        ("Ask, or give its issuer=.", "Ask, or give its --issuer. To give it, log in by name: valetkey login URL"),
        (
            "give its client_id, client_secret and issuer='https://a.example'.",
            (
                "give --client-id ID --client-secret env:NAME and --issuer https://a.example. To give them, log in by "
                "name: valetkey login URL"
            ),
        ),
        ("then give its client_id.", "then give --client-id ID."),
        ("Check the network and try again.", "Check the network and try again."),
        ("Log in anew (valetkey login URL), with issuer=.", "Log in anew (valetkey login URL), with --issuer."),
    ],
)
def test_an_option_that_a_command_does_not_have_leads_to_a_login(hint, said):
    assert for_command(hint, {"--client-id", "--label"}, "URL") == said


def test_every_option_of_a_hint_is_one_of_the_login():
    declared = {f"--{name.replace('_', '-')}" for name in inspect.signature(login).parameters}
    for hint in all_hints():
        named = set(re.findall(r"(?<![-\w])--[a-z][a-z-]+", for_commands(hint)))
        assert named <= declared | OF_OTHER_COMMANDS, hint


def test_what_is_left_of_a_hint_is_a_sentence():
    assert for_commands(no_person_to_paste().hint).endswith(
        "; or --device where a person reads the output, or a login on a computer with a browser."
    )
    with pytest.raises(LoginRequired) as caught:
        NeverLogin().open(None, fixed=False)
    assert for_commands(caught.value.hint) == (
        "Log in once where a person is (valetkey login URL), with the same session store, then try again; or use the "
        "credentials of a machine."
    )
    error = with_way_out(TemporaryError("It is down.", hint="Wait."))
    assert for_commands(error.hint) == "Wait, or begin a new login: run valetkey login, or log out and log in again."


@pytest.mark.parametrize("error", [no_person_here("none"), no_person_to_paste()])
def test_no_way_of_a_program_is_offered(error):
    assert "=" not in for_commands(error.hint)
    assert "(url)" not in for_commands(error.hint)
