# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""docs/doctor.md lists what the doctor can name, and the broken servers that it is tested on."""

from tests.doctor.page import PAGE, page
from tests.doctor.rows import ROWS
from valetkey._cli.app import app
from valetkey._cli.doctor.catalog import KINDS
from valetkey._cli.doctor.findings import Mark


def test_the_page_is_what_the_kinds_and_the_rows_say():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.doctor.page"


def test_every_row_has_an_id_of_its_own():
    assert len({row.id for row in ROWS}) == len(ROWS)


def test_the_page_names_every_option_of_the_command():
    import typer

    command = typer.main.get_command(app).commands["doctor"]
    text = PAGE.read_text(encoding="utf-8")
    names = {name for parameter in command.params for name in parameter.opts if name.startswith("--")}
    assert [name for name in sorted(names - {"--help"}) if f"`{name}" not in text] == []


def test_nearly_every_fault_is_named_on_a_broken_server():
    """What is left is played in test_command and test_examination, over real connections."""
    named = {row.cause for row in ROWS} | {other for row in ROWS for other in row.others}
    faults = {code for code, kind in KINDS.items() if kind.mark is Mark.FAULT}
    assert faults - named == {
        *("settings_wrong", "url_refused", "certificate_untrusted", "tls_failed", "client_certificate_wanted"),
        *("page_forbidden", "login_stops"),
        *("login_failed", "login_answer_unproven", "token_rejected", "token_lacks_scope", "token_forbidden"),
    }
