# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The three forms of a report: a terminal of any width, a page that loads nothing, a document for machines."""

import io
import json
import re
from html.parser import HTMLParser

import pytest

from tests.doctor.rows import ROWS
from tests.doctor.wire import GOOD, PING, RESOURCE, answer, examined, resource
from valetkey._cli.doctor.catalog import KINDS
from valetkey._cli.doctor.findings import Mark
from valetkey._cli.doctor.judgement import STEPS
from valetkey._cli.doctor.machine import document
from valetkey._cli.doctor.page import page
from valetkey._cli.doctor.terminal import TerminalReport

HOSTILE = "\x1b[2J</pre><script>alert(1)</script>[bold]\u202e\r\nx"


def printed(report, width=80):
    from rich.console import Console

    console = Console(file=io.StringIO(), width=width, markup=False, highlight=False, emoji=False)
    console.print(TerminalReport(report))
    return console.file.getvalue()


def forms(report):
    return {"terminal": printed(report), "page": page(report), "document": json.dumps(document(report))}


@pytest.mark.parametrize("width", [24, 40, 80, 200])
@pytest.mark.parametrize("row", ROWS[::6], ids=lambda row: row.id)
def test_no_line_is_wider_than_the_terminal(row, width):
    text = printed(examined({**GOOD, **row.answers}, **row.settings), width)
    assert max(map(len, text.splitlines())) <= width
    assert not any(line.endswith(" ") for line in text.splitlines())


def test_an_output_that_knows_ascii_alone_gets_ascii():
    from rich.console import Console

    raw = io.BytesIO()
    console = Console(file=io.TextIOWrapper(raw, encoding="ascii", write_through=True), width=80, markup=False)
    console.print(TerminalReport(examined({**GOOD, f"GET {RESOURCE}": resource(authorization_servers=None)})))
    text = raw.getvalue().decode("ascii")
    assert "X Metadata of the MCP server" in text
    assert "RFC 9728 section 2" in text


def test_a_finding_is_shown_with_what_was_sent_what_it_breaks_and_what_both_sides_can_do():
    report = examined({**GOOD, f"GET {RESOURCE}": resource(resource="https://other.example.net/mcp")})
    text = " ".join(printed(report).split())
    for part in (
        "✗ The metadata describes another server.",
        "It sent:",
        "RFC 9728 §3.3",
        "PRM-7",
        "You:",
        "Its owner:",
    ):
        assert part in text
    assert text.index("✗ A login at") > text.index("Clock")


class _Loads(HTMLParser):
    """Everything that a page would load, run or send."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.ids = set()
        self.links = set()

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids |= {given["id"]} if "id" in given else set()
        if tag in ("script", "link", "img", "iframe", "object", "form", "base", "embed"):
            self.found.append(tag)
        self.found += [name for name in given if name.startswith("on") or name == "src"]
        if "href" in given:
            self.links.add(given["href"])


def test_the_page_loads_nothing_and_every_request_of_the_picture_leads_to_its_answer():
    report = examined(GOOD)
    seen = _Loads()
    seen.feed(page(report))
    assert seen.found == []
    assert seen.links == {f"#request-{each.number}" for each in report.sent}
    assert {link[1:] for link in seen.links} <= seen.ids
    assert {row.key for row in STEPS if row.key != "login"} <= seen.ids
    assert page(report).count('<line class="arrow"') == len(report.sent)


def test_no_option_in_the_advice_of_the_page_is_broken_after_its_hyphens():
    text = page(examined({**GOOD, f"GET {RESOURCE}": resource(authorization_servers=None)}))
    assert '<span class="option">--issuer</span>' in text
    assert "--" not in re.sub('<style>.*</style>|<span class="option">--', "", text, flags=re.DOTALL)


def test_a_step_that_was_not_reached_is_one_line_of_the_page():
    text = page(examined({PING: answer(502)}))
    assert "<h3>PKCE: not reached</h3></div>" in text


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_every_broken_server_has_a_page_and_a_document(row):
    report = examined({**GOOD, **row.answers}, registers=row.registers, **row.settings)
    shown = json.loads(json.dumps(document(report)))
    codes = [finding["code"] for step in shown["steps"] for finding in step["findings"]]
    assert row.cause in codes
    assert row.cause in page(report)
    assert shown["verdict"]["error"] == row.error


def test_what_a_server_sends_moves_no_cursor_and_is_no_markup():
    wire = {
        **GOOD,
        PING: answer(
            401,
            HOSTILE,
            www_authenticate=f'Bearer scope="{HOSTILE}", resource_metadata="{RESOURCE}"'.replace("\r\n", ""),
        ),
        f"GET {RESOURCE}": resource(resource=f"https://other.example.net/{HOSTILE}", scopes_supported=[HOSTILE]),
    }
    for text in forms(examined(wire)).values():
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", text)
    assert "<script" not in page(examined(wire))
    assert "[bold]" in printed(examined(wire))


def test_a_long_answer_is_cut():
    report = examined({**GOOD, PING: answer(401, "x" * 500_000, www_authenticate="Bearer " + "y" * 100_000)})
    assert all(len(text) < 60_000 for text in forms(report).values())


def test_the_codes_and_steps_are_names_that_stay():
    assert all(re.fullmatch("[a-z][a-z0-9_]+", code) for code in KINDS)
    assert len({row.key for row in STEPS}) == len(STEPS)


def test_the_requirements_that_findings_name_exist():
    from tests.requirements import MANIFEST

    named = {requirement for kind in KINDS.values() for requirement in kind.requirements}
    assert named <= set(MANIFEST)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.code)
def test_what_is_wrong_comes_with_something_to_do(kind):
    assert kind.mark is Mark.OK or kind.client or kind.owner or kind.code == "login_failed"
