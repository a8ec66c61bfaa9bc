# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The same Markdown for a code host and for the site.

On a code host, `index.md` is a list of links below headings, and a page may lead to any file of the repository. On the
site, those headings are the groups of the navigation, and a link to a file that is no page is a download or plain text.
"""

import posixpath
import re
import shutil
from pathlib import Path

DOCS = Path(__file__).parent.parent
ROOT = DOCS.parent
ELSEWHERE = {
    "overview": "README.md",
    "security": "SECURITY.md",
    "changelog": "CHANGELOG.md",
    "contributing": "CONTRIBUTING.md",
    "examples": "examples/README.md",
}
"""Pages of the site whose text stands outside `docs/`; on a code host, the page in `docs/` leads there."""
NOT_PAGES = {"haystack-integration"}
"""Markdown that is no page of the site: it is the page of Haystack's list of integrations."""
LINK = re.compile(r"(?<!!)\[([^\[\]]*(?:\[[^\]]*\][^\[\]]*)*)\]\((?!https?://|mailto:|#|<)([^()\s]+)\)")
IMAGE = re.compile(r'<img src="([^"]+)"')
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
TITLE = re.compile(r"^# .+$", re.MULTILINE)
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
MODULE = re.compile(r"^(\| )(`([\w.]+)`)(?= \| `)", re.MULTILINE)
EXAMPLES = (".py", ".ipynb", ".yaml")
REMAINING = "More"


def connect(app):
    """Hook the rewriting of pages into Sphinx."""
    app.connect("source-read", on_page)
    app.connect("env-get-outdated", to_read_anew)
    app.connect("build-finished", copy_images)


def on_page(app, name, source):
    """Give Sphinx a page as the site needs it."""
    if name.startswith("reference/"):
        return
    place = ELSEWHERE.get(name, f"docs/{name}.md")
    text = (ROOT / place).read_text(encoding="utf-8")
    text = outside_fences(text, lambda part: rewritten(part, place, name))
    if name == "api":
        text = MODULE.sub(r"\g<1>[\g<2>](reference/\g<3>.rst)", text)
    if name in ELSEWHERE:  # its title on the site is that of the page in docs/
        text = TITLE.sub(TITLE.search(source[0])[0], text, count=1)
    source[0] = text + navigation(app.env.found_docs, name)


def to_read_anew(_app, env, _added, _changed, _removed):
    """Name the pages that may be others though their files are not: with navigation, or a text from elsewhere."""
    return [name for name in ("index", "api", "decisions/README", *ELSEWHERE) if name in env.found_docs]


def outside_fences(text, change):
    """Change the text, but no code in it."""
    parts, end = [], 0
    for fence in FENCE.finditer(text):
        parts += [change(text[end : fence.start()]), fence.group()]
        end = fence.end()
    return "".join([*parts, change(text[end:])])


def rewritten(text, place, name):
    """A part of a page with links as the site has them: `place` is its file in the repository, `name` its page."""
    folder, here = posixpath.dirname(place), posixpath.dirname(f"docs/{name}")

    def link(found):
        words, (target, hash_, anchor) = found[1], found[2].partition("#")
        path = posixpath.normpath(posixpath.join(folder, target))
        page = page_of(path)
        if page is not None:
            return f"[{words}]({posixpath.relpath(f'docs/{page}.md', here)}{hash_}{anchor})"
        if path.startswith("examples/") and path.endswith(EXAMPLES):
            return f"[{words}]({posixpath.relpath(path, here)})"
        return words

    return LINK.sub(link, text)


def page_of(path):
    """The page of the site that a file of the repository is, or None."""
    outside = {file: page for page, file in ELSEWHERE.items()}
    if path in outside:
        return outside[path]
    if path in ("docs", "docs/decisions"):
        return {"docs": "index", "docs/decisions": "decisions/README"}[path]
    page = path.removeprefix("docs/").removesuffix(".md")
    return page if path.startswith("docs/") and path.endswith(".md") and page not in NOT_PAGES else None


def navigation(pages, name):
    """The tables of contents of a page, which only the site needs: the pages that its text leads to, in that order."""
    if name == "index":
        return "".join(toctree(group, heading) for heading, group in groups(pages))
    if name == "decisions/README":
        return toctree(decisions(), None)
    if name == "api":
        return toctree(sorted(page for page in pages if page.startswith("reference/")), None)
    return ""


def groups(pages):
    """The groups of the navigation: each heading of the index with the pages listed below it, and what is left."""
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    headings = list(HEADING.finditer(index))
    ends = [*(heading.start() for heading in headings[1:]), len(index)]
    listed = set()
    for heading, end in zip(headings, ends, strict=True):
        group = [page for page in linked(index[heading.end() : end]) if page in pages and page not in listed]
        listed |= set(group)
        yield heading[1], group
    rest = sorted(page for page in pages if "/" not in page and page not in listed | {"index"})
    yield REMAINING, rest


def linked(text):
    """The pages that a text in `docs/` leads to."""
    targets = (posixpath.normpath(posixpath.join("docs", target.partition("#")[0])) for _, target in LINK.findall(text))
    return [page for page in map(page_of, targets) if page]


def decisions():
    """Each page about a decision, in the order of their list."""
    text = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")
    return [f"decisions/{name}" for name in re.findall(r"\]\(([\w-]+)\.md\)", text)]


def toctree(pages, caption):
    """A table of contents that stands in the navigation alone."""
    if not pages:
        return ""
    options = [":hidden:", ":titlesonly:", *([f":caption: {caption}"] if caption else [])]
    return "\n\n```{toctree}\n" + "\n".join([*options, "", *(f"/{page}" for page in pages)]) + "\n```\n"


def copy_images(app, error):
    """Copy the pictures that stand in a page as HTML, so that a code host shows them in the same size."""
    if error is None and app.builder.format == "html":
        shutil.copytree(DOCS / "images", Path(app.outdir) / "images", dirs_exist_ok=True)
