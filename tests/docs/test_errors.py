# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The page about the errors says what the code says, and leaves no class out."""

from tests.docs.errors_page import DO, PAGE, TOO_MANY, classes, places, written
from tests.docs.test_api import ERRORS, TABLE


def test_the_page_is_that_of_this_code():
    """After a change: `python -m tests.docs.errors_page`."""
    assert PAGE.read_text(encoding="utf-8") == written()


def test_each_public_error_has_a_section_that_says_what_to_do():
    assert {kind.__name__ for kind in classes()} == set(DO) == set(TABLE[ERRORS]) - {"quote"}


def test_an_error_that_is_made_with_a_text_shows_it_beside_its_remedy():
    page = PAGE.read_text(encoding="utf-8")
    assert "| The login was cancelled. | Start again to log in. |" in page
    made = {name for name, _, _ in places()}
    shown = {part.partition("\n")[0] for part in page.split("\n## ") if "| what it says |" in part}
    assert {"TemporaryError", "LoginFailed", "Unsupported", "StoreError"} <= shown <= made - {TOO_MANY}
