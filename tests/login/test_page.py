# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The page at the end of a login: what it says, what it loads (nothing), what it leaves behind (nothing)."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from tests.requirements import requirement
from valetkey.login import page

HOSTILE = "\"><script>alert(1)</script><img src=x onerror='alert(2)'>&amp;"
PAGES = {
    "logged in": page.logged_in_page("mcp.example:8443"),
    "failed": page.failed_page("as.example declined.", "Ask its operator."),
    "undecided": page.undecided_page(),
    "stray": page.stray_page(),
    "unread": page.unread_page(),
    "too long": page.too_long_page(),
    "hostile server": page.logged_in_page(HOSTILE),
    "hostile error": page.failed_page(HOSTILE, HOSTILE),
}
every_page = pytest.mark.parametrize("document", [value.decode() for value in PAGES.values()], ids=PAGES.keys())


class Reader(HTMLParser):
    """Reads a document as a browser does."""

    def __init__(self, document):
        super().__init__()
        self.tags = []
        self.attributes = []
        self.open = []
        self.texts = {}
        self.feed(document)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attributes]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attributes]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.setdefault(self.open[-1], []).append(data)


def policy():
    directives = page.HEADERS["Content-Security-Policy"].split(";")
    return {name: values for name, *values in (directive.split() for directive in directives)}


def digest(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@requirement("RSP-14", "SEC-13")
def test_the_headers():
    assert {name: value for name, value in page.HEADERS.items() if name != "Content-Security-Policy"} == {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    assert {name: values for name, values in policy().items() if name not in ("style-src", "script-src")} == {
        "default-src": ["'none'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }


@requirement("RSP-14", "SEC-13")
@every_page
def test_the_policy_allows_its_style_and_its_script_and_nothing_else(document):
    texts = Reader(document).texts
    assert [digest(text) for text in texts["style"]] == policy()["style-src"]
    assert [digest(text) for text in texts["script"]] == policy()["script-src"]


@requirement("RSP-14")
@every_page
def test_nothing_is_loaded_and_nothing_leads_away(document):
    """No image, no link, no font, no form; and no style or script in an attribute, which the policy would not allow."""
    read = Reader(document)
    assert not {"img", "link", "a", "iframe", "form", "object", "base"} & set(read.tags)
    assert not [name for _, name, _ in read.attributes if name in ("src", "href", "style") or name.startswith("on")]
    assert "url(" not in document
    assert "@import" not in document
    assert not re.search(r"https?://", document)


@requirement("RSP-14")
@every_page
def test_the_address_with_the_code_is_taken_out_of_the_history(document):
    assert Reader(document).texts["script"] == ["history.replaceState(null, '', location.pathname);"]


@every_page
def test_it_is_a_whole_document_that_a_screen_reader_can_read(document):
    read = Reader(document)
    assert document.startswith("<!doctype html>")
    assert read.open == []
    assert ("html", "lang", "en") in read.attributes
    assert read.texts["title"] == read.texts["h1"]
    assert ("svg", "aria-hidden", "true") in read.attributes
    assert ("meta", "name", "viewport") in read.attributes
    assert read.tags.count("main") == 1


@every_page
def test_it_has_a_dark_side(document):
    style = "".join(Reader(document).texts["style"])
    assert "color-scheme: light dark" in style
    assert "prefers-color-scheme: dark" in style


@requirement("SEC-12")
@pytest.mark.parametrize("name", ["hostile server", "hostile error"])
def test_what_came_from_outside_is_text_and_no_markup(name):
    read = Reader(PAGES[name].decode())
    assert read.tags.count("script") == 1
    assert "img" not in read.tags
    shown = "".join(text for tag in ("p", "strong") for text in read.texts.get(tag, []))
    assert HOSTILE in shown


def test_what_the_pages_say():
    said = {name: Reader(PAGES[name].decode()).texts for name in ("logged in", "failed", "undecided", "stray")}
    assert {name: texts["h1"] for name, texts in said.items()} == {
        "logged in": ["You are logged in"],
        "failed": ["The login did not work"],
        "undecided": ["Almost there"],
        "stray": ["Nothing to see here"],
    }
    assert said["logged in"]["strong"] == ["mcp.example:8443"]
    assert said["failed"]["p"] == ["as.example declined.", "Ask its operator."]


def test_only_a_login_that_succeeded_looks_like_one():
    pictures = {name: document[document.index(b"<svg") : document.index(b"</svg>")] for name, document in PAGES.items()}
    assert pictures["logged in"] not in (pictures["failed"], pictures["undecided"], pictures["stray"])
