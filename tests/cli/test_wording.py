# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A hint that names what a person can type."""

import pytest

from valetkey._cli.wording import for_commands
from valetkey._engine.refusing import with_way_out
from valetkey.errors import LoginRequired, TemporaryError
from valetkey.login.never import NeverLogin
from valetkey.login.whereabouts import no_person_here, no_person_to_paste


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
