# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A page of reference for each row of the table of public names, with exactly its names."""

import importlib
import inspect
import re
from functools import cache
from pathlib import Path

from docutils.nodes import bullet_list
from sphinx.util.inspect import stringify_signature

DOCS = Path(__file__).parent.parent
FOLDER = DOCS / "reference"
ROW = re.compile(r"^\| `([\w.]+)` \| (.*?) \| (.*?) \|$", re.MULTILINE)
OURS = ("valetkey", "haystack_integrations.tools.mcp_oauth")
UPSTREAM = "haystack_integrations.tools.mcp."
ELSEWHERE = r"(?!valetkey\b|haystack_integrations\.tools\.mcp_oauth\b).*"
"""Names of other packages, whose reference is not part of this site."""
STOPS = "object, Auth, BaseClient, Exception, BaseException, dict, str, tuple, Protocol, Generic, Tool, Toolset, Enum"
"""What is inherited from these is documented elsewhere."""


def connect(app):
    """Hook the pages of reference into Sphinx."""
    app.connect("builder-inited", write_pages)
    app.connect("missing-reference", on_missing_reference)
    app.connect("autodoc-process-bases", on_bases)
    app.connect("autodoc-process-signature", on_signature)
    app.connect("doctree-read", without_members, priority=900)


def rows():
    """The rows of the table: module, names, what for."""
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    return [(module, re.findall(r"`(\w+)`", names), purpose) for module, names, purpose in ROW.findall(page)]


@cache
def homes():
    """Where each public object is documented: in the first row that has it."""
    found = {}
    for module, names, _ in rows():
        for name in names:
            item = getattr(importlib.import_module(module), name)
            found.setdefault(key_of(item, module, name), f"{module}.{name}")
    return found


def key_of(item, module, name):
    """Where an object is defined, by which annotations name it."""
    if inspect.isclass(item) or inspect.isfunction(item):
        return f"{item.__module__}.{item.__qualname__}"
    return f"{module}.{name}"


def write_pages(_app):
    """Write the pages that changed, and remove those of modules that are no longer public."""
    FOLDER.mkdir(exist_ok=True)
    pages = {f"{module}.rst": page(module, names, purpose) for module, names, purpose in rows()}
    for file in FOLDER.iterdir():
        if file.name not in pages:
            file.unlink()
    for name, text in pages.items():
        file = FOLDER / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def page(module, names, purpose):
    """The page of one module."""
    title = f"``{module}``"
    purpose = re.sub(r"`([^`]+)`", r"``\1``", purpose)
    lines = [title, "=" * len(title), "", f"{purpose[:1].upper()}{purpose[1:]}.", "", f".. py:module:: {module}", ""]
    known = homes()
    for name in names:
        item = getattr(importlib.import_module(module), name)
        home = known[key_of(item, module, name)]
        lines += [*entry(module, name, item, home), ""]
    return "\n".join(lines)


def entry(module, name, item, home):
    """What a page has about one name."""
    role = "py:class" if inspect.isclass(item) else "py:func" if inspect.isfunction(item) else "py:data"
    if home != f"{module}.{name}":
        return [f"``{name}``", f"    The same as :{role}:`{home}`."]
    if getattr(item, "__module__", "").startswith(UPSTREAM):
        return [f"``{name}``", "    Haystack's own, from ``haystack_integrations.tools.mcp``."]
    if inspect.isclass(item):
        parents = [base for base in item.__bases__ if base is not object and not is_private(base)]
        shown = ["    :show-inheritance:"] if parents else []
        return [f".. autoclass:: {module}.{name}", f"    :inherited-members: {STOPS}", *shown]
    if inspect.isfunction(item):
        return [f".. autofunction:: {module}.{name}"]
    value = [] if isinstance(item, int | float | str | tuple) else ["    :no-value:"]
    return [f".. autodata:: {module}.{name}", *value]


def on_bases(_app, _name, _item, _options, bases):
    """Leave out the bases that are private: what they give is listed with the class."""
    bases[:] = [base for base in bases if not is_private(base)] or [object]


def is_private(kind):
    """True for a class of ours that no row of the table has."""
    module = getattr(kind, "__module__", "")
    return module.startswith(OURS) and f"{module}.{kind.__qualname__}" not in homes()


def on_signature(_app, what, _name, item, _options, signature, returns):
    """Show how a class is called by its `__init__`, where its `__new__` takes whatever comes."""
    if what != "class" or not (signature or "").startswith("(*arguments"):
        return None
    own = inspect.signature(item.__init__)
    own = own.replace(parameters=list(own.parameters.values())[1:], return_annotation=inspect.Signature.empty)
    return stringify_signature(own), returns


def without_members(app, _document):
    """List the names of a page beside it, and no methods: the navigation of every page copies the list."""
    if not app.env.docname.startswith("reference/"):
        return
    (names,) = [item for item in app.env.tocs[app.env.docname].children[0].children if isinstance(item, bullet_list)]
    for name in names.children:
        for members in [item for item in name.children if isinstance(item, bullet_list)]:
            name.remove(members)


def on_missing_reference(app, env, node, contents):
    """Lead an annotation to where its class is documented, and leave one of a private name as text."""
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"]
    if target in homes():
        python = env.get_domain("py")
        return python.resolve_xref(env, node["refdoc"], app.builder, node["reftype"], homes()[target], node, contents)
    return contents if exists(target) else None


def exists(target):
    """True if there is such a name in our code; one that is misspelt is not."""
    parts = target.split(".")
    for length in range(len(parts) - 1, 0, -1):
        try:
            item = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            item = getattr(item, part, None)
        return item is not None
    return False
