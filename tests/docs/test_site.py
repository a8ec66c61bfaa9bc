# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The documentation site builds without a warning, and leads nowhere but to what is there."""

import importlib
import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote, urljoin, urlsplit

import pytest

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
LONGEST_BUILD = 150
MARKDOWN_LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^()\s#]+)")
TAG = re.compile(r"<([a-z][a-z0-9]*)\s([^>]*)>")
ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
OF_A_SITE = {"genindex.html", "py-modindex.html", "search.html"}


class Page:
    """What a page of the site leads to, what it loads, what it can be entered at, and which pictures say nothing."""

    def __init__(self, text):
        self.links, self.loaded, self.anchors, self.mute = set(), set(), {""}, set()
        for tag, attributes in TAG.findall(text):
            given = {name: unescape(value) for name, value in ATTRIBUTE.findall(attributes)}
            self.anchors |= {given[name] for name in ("id", "name") if given.get(name)}
            if tag == "a" and "href" in given:
                self.links.add(given["href"])
            if tag in {"img", "script", "iframe"} and "src" in given:
                self.loaded.add(given["src"])
            if tag == "link" and given.get("rel") in {"stylesheet", "icon", "preload", "preconnect"}:
                self.loaded.add(given["href"])
            if tag == "img" and not given.get("alt"):
                self.mute.add(given["src"])


def pages_of(site):
    """Each page of the site by its name; a parser of HTML would take as long as the build."""
    return {str(path.relative_to(site)): Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}


def build(folder):
    command = [sys.executable, "-m", "sphinx", "--quiet", "--keep-going", "--nitpicky", "--fail-on-warning"]
    return subprocess.run(
        [*command, "--doctree-dir", str(folder / "trees"), str(DOCS), str(folder / "site")],
        capture_output=True,
        text=True,
        timeout=LONGEST_BUILD,
        check=False,
    )


def faults(site, pages):
    """Every link of the site that leads nowhere, and whatever a page loads from elsewhere or shows without words."""
    for name, page in pages.items():
        for link in page.links | page.loaded:
            target = urlsplit(urljoin(f"//site/{name}", link))
            if target.netloc != "site":
                if link in page.loaded and target.scheme != "data":
                    yield f"{name} loads {link}"
                continue
            path, anchor = unquote(target.path).lstrip("/"), unquote(target.fragment)
            if not (site / path).is_file() or (path in pages and anchor not in pages[path].anchors):
                yield f"{name} leads to {link}"
        yield from (f"{name} shows {picture} without words" for picture in page.mute)


def reachable(pages):
    """Every page that can be reached from the first one by its own text and the navigation."""
    found, waiting = set(), ["index.html"]
    while waiting:
        name = waiting.pop()
        if name not in found and name in pages:
            found.add(name)
            links = (urlsplit(urljoin(f"//site/{name}", link)) for link in pages[name].links)
            waiting += [link.path.lstrip("/") for link in links if link.netloc == "site"]
    return found


def test_the_site_builds_without_a_warning_and_every_link_anchor_and_page_is_there(tmp_path):
    """One test: the build takes some twenty seconds, and tests of one file may run in several processes."""
    built = build(tmp_path)
    assert built.stderr == ""
    assert built.returncode == 0
    site = tmp_path / "site"
    pages = pages_of(site)
    assert sorted(faults(site, pages)) == []
    assert set(pages) - reachable(pages) <= OF_A_SITE
    texts = {str(path.relative_to(DOCS).with_suffix(".html")) for path in DOCS.rglob("*.md")}
    assert texts - set(pages) == {"haystack-integration.html"}
    reference = (site / "reference" / "valetkey.html").read_text(encoding="utf-8")
    assert "```" not in reference
    assert 'id="valetkey.OAuth.login_async"' in reference
    assert "_adapters" not in reference


def test_a_page_with_a_broken_link_or_a_picture_from_elsewhere_is_told(tmp_path):
    (tmp_path / "index.html").write_text(
        '<a href="a.html">a</a><a href="a.html#b">b</a><a href="c.html">c</a><a href="https://example.com">d</a>'
        '<img src="https://example.com/e.png" alt="e"><script src="https://example.com/f.js"></script>',
        encoding="utf-8",
    )
    (tmp_path / "a.html").write_text('<p id="a"><img src="a.html">', encoding="utf-8")
    (tmp_path / "alone.html").write_text("", encoding="utf-8")
    pages = pages_of(tmp_path)
    assert sorted(faults(tmp_path, pages)) == [
        "a.html shows a.html without words",
        "index.html leads to a.html#b",
        "index.html leads to c.html",
        "index.html loads https://example.com/e.png",
        "index.html loads https://example.com/f.js",
    ]
    assert reachable(pages) == {"index.html", "a.html"}


@pytest.mark.parametrize("page", sorted(str(path.relative_to(ROOT)) for path in DOCS.rglob("*.md")))
def test_on_a_code_host_too_every_link_of_a_page_leads_to_a_file(page):
    text = re.sub(r"^```.*?^```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    folder = (ROOT / page).parent
    assert [link for link in MARKDOWN_LINK.findall(text) if not (folder / link).exists()] == []


@pytest.fixture
def hooks(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    return lambda name: importlib.import_module(f"_site.{name}")


@pytest.mark.parametrize(
    ("text", "place", "page", "expected"),
    [
        ("[a](options.md#b)", "docs/web.md", "web", "[a](options.md#b)"),
        ("[a](../SECURITY.md)", "docs/web.md", "web", "[a](security.md)"),
        ("[a](../../SECURITY.md)", "docs/decisions/brake.md", "decisions/brake", "[a](../security.md)"),
        ("[a](docs/web.md)", "README.md", "overview", "[a](web.md)"),
        ("[a](docs/decisions)", "README.md", "overview", "[a](decisions/README.md)"),
        ("[a](script.py)", "examples/README.md", "examples", "[a](../examples/script.py)"),
        ("[a](../tests/manifest)", "docs/requirements.md", "requirements", "a"),
        ("[a](https://b.example/c.md)", "docs/web.md", "web", "[a](https://b.example/c.md)"),
    ],
)
def test_a_link_of_the_repository_becomes_one_of_the_site_or_plain_text(hooks, text, place, page, expected):
    assert hooks("pages").rewritten(text, place, page) == expected


def test_a_page_with_the_text_of_another_file_is_read_anew_in_each_build(hooks):
    """Sphinx looks at the file in docs/ alone, and that of the overview never changes when the README does."""
    found = SimpleNamespace(found_docs={"index", "web", "overview", "changelog"})
    assert hooks("pages").to_read_anew(None, found, (), (), ()) == ["index", "overview", "changelog"]


def test_code_keeps_what_looks_like_a_link(hooks):
    text = "[a](b)\n```python\n[a](b)\n```\n[a](b)"
    assert hooks("pages").outside_fences(text, lambda part: part.replace("[a](b)", "c")) == (
        "c\n```python\n[a](b)\n```\nc"
    )


def test_the_navigation_has_each_page_in_one_group_and_what_the_index_does_not_list_in_the_last(hooks):
    pages = hooks("pages")
    groups = dict(pages.groups({"index", "start", "web", "new", "decisions/brake"}))
    assert groups["Begin"] == ["start"]
    assert groups["Your story"] == ["web"]
    assert groups[pages.REMAINING] == ["new"]


def test_fenced_code_of_a_docstring_becomes_a_directive(hooks):
    lines = ["Text:", "", "  ```python", "  a = 1", "", "  b = 2", "  ```", "Text."]
    assert hooks("docstrings").with_directives(lines) == [
        *("Text:", "", "", "  .. code-block:: python", ""),
        *("      a = 1", "", "      b = 2", "", "Text."),
    ]
