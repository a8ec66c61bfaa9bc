# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A hint that names what a person can type."""

import pytest

from valetkey._cli.wording import for_commands
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
        ("Check the network and try again.", "Check the network and try again."),
    ],
)
def test_options_have_the_names_of_the_command_line(hint, said):
    assert for_commands(hint) == said


@pytest.mark.parametrize("error", [no_person_here("none"), no_person_to_paste()])
def test_no_way_of_a_program_is_offered(error):
    assert "=" not in for_commands(error.hint)
    assert "(url)" not in for_commands(error.hint)
