# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a person pastes, as the address that a browser stopped at."""

import pytest

from valetkey.login.pasted_text import answer_in, cleaned, readings

ADDRESS = "http://127.0.0.1:8080/callback?code=c-1_~&state=s-1_"


@pytest.mark.parametrize(
    "pasted",
    [
        ADDRESS,
        f"  {ADDRESS}\n",
        f'"{ADDRESS}"',
        f"<{ADDRESS}>",
        f"“{ADDRESS}”",
        f"`{ADDRESS}`",
        f"\N{NO-BREAK SPACE}{ADDRESS}\N{ZERO WIDTH NO-BREAK SPACE}",
        f"\x1b[200~{ADDRESS}\x1b[201~",
        f"{ADDRESS[:40]}\r\n{ADDRESS[40:]}",
        f"{ADDRESS[:40]} {ADDRESS[40:]}",
        ADDRESS.replace("&", "&amp;"),
    ],
)
def test_what_no_address_holds_is_taken_out(pasted):
    """Rows G4, G5."""
    assert cleaned(pasted) == ADDRESS


@pytest.mark.parametrize(
    "pasted",
    [
        ADDRESS.partition("?")[2],
        "?" + ADDRESS.partition("?")[2],
        ADDRESS.removeprefix("http://"),
        f"URL: {ADDRESS}",
        f"{ADDRESS}#_=_",
    ],
)
def test_a_text_that_holds_the_parameters_is_an_answer(pasted):
    """Rows G4, G5."""
    assert answer_in(cleaned(pasted)) == {"code": "c-1_~", "state": "s-1_"}


@pytest.mark.parametrize(
    "pasted", ["", "c-1_~", "yes", "http://127.0.0.1:8080/callback", "http://[?code=1", "?state=s"]
)
def test_another_text_is_none(pasted):
    assert answer_in(cleaned(pasted)) == {}


def test_an_address_may_come_in_parts_and_with_a_mark_behind_it():
    assert list(readings("b.", "a")) == ["b.", "b", "ab.", "ab"]
    assert list(readings("b", "")) == ["b"]
