# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The order of the rooms: an import points downwards, or stays in its room, and no two modules import each other."""

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import valetkey

SOURCE = Path(valetkey.__file__).parent.parent
HAYSTACK = "haystack_integrations.tools.mcp_oauth"

ROOMS = (
    f"{HAYSTACK}.web",
    HAYSTACK,
    f"{HAYSTACK}._tools",
    f"{HAYSTACK}.server_info",
    f"{HAYSTACK}.client",
    f"{HAYSTACK}._accounts",
    f"{HAYSTACK}.errors",
    f"{HAYSTACK}._mcp_session",
    f"{HAYSTACK}.config",
    f"{HAYSTACK}.network",
    f"{HAYSTACK}.credentials",
    f"{HAYSTACK}.upstream_config",
    f"{HAYSTACK}._settings",
    f"{HAYSTACK}.token_source",
    f"{HAYSTACK}.principals",
    "valetkey.__main__",
    "valetkey._cli",
    "valetkey",
    "valetkey.httpx",
    "valetkey.httpx2",
    "valetkey.telemetry",
    "valetkey.client_document",
    "valetkey._adapters",
    "valetkey.migrate",
    "valetkey._engine",
    "valetkey._grants",
    "valetkey._clients",
    "valetkey._discovery",
    "valetkey._network",
    "valetkey._sessions",
    "valetkey._policy",
    "valetkey.store",
    "valetkey.login",
    "valetkey.seams",
    "valetkey.settings",
    "valetkey.profiles",
    "valetkey.protocol",
    "valetkey.waiting",
    "valetkey.made_once",
    "valetkey.events",
    "valetkey.wire",
    "valetkey.urls",
    "valetkey.values",
    "valetkey.errors",
)
"""All rooms from top to bottom. A room may import from itself and from every room that stands below it."""

MOST_ENTRIES = 30

USABLE = (
    "valetkey.client_document",
    "valetkey.errors",
    "valetkey.events",
    "valetkey.httpx",
    "valetkey.httpx2",
    "valetkey.login",
    "valetkey.migrate",
    "valetkey.settings",
    "valetkey.store",
    "valetkey.values",
    "valetkey._adapters",
)
"""What the integration of a framework may import from: the public rooms, and the one private room that is for it."""


def modules():
    """Every module of ours, by its dotted name."""
    files = [*(SOURCE / "valetkey").rglob("*.py"), *(SOURCE / HAYSTACK.replace(".", "/")).rglob("*.py")]
    return {".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): path for path in files}


def imports(source, known):
    """Every module of ours that a source imports, wherever in the code: in functions and for type checkers too."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name in known}
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in known else node.module for name in inner}
    return found


def room_of(module):
    """The room a module belongs to: the longest of the names that it begins with."""
    if module == "valetkey":
        return module
    return max((room for room in ROOMS if room != "valetkey" and f"{module}.".startswith(f"{room}.")), key=len)


def pointing_upwards(module, imported):
    return sorted(other for other in imported if ROOMS.index(room_of(other)) < ROOMS.index(room_of(module)))


@cache
def graph():
    known = modules()
    return {name: imports(path.read_text("utf-8"), known.keys()) - {name} for name, path in known.items()}


def test_every_module_belongs_to_a_room_and_every_room_exists():
    rooms = {room_of(module) for module in modules()}
    assert rooms == set(ROOMS)


def test_the_structure_is_seen_at_a_glance():
    entries = [path.name for path in (SOURCE / "valetkey").iterdir() if path.name != "__pycache__"]
    assert len(entries) <= MOST_ENTRIES, sorted(entries)


@pytest.mark.parametrize("module", sorted(modules()))
def test_no_import_points_upwards(module):
    assert pointing_upwards(module, graph()[module]) == []


def test_no_modules_import_each_other_in_a_circle():
    try:
        TopologicalSorter(graph()).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(error.args[1]))


def test_an_import_is_found_wherever_it_stands():
    source = """
from typing import TYPE_CHECKING
from valetkey import errors, Secret
if TYPE_CHECKING:
    from valetkey.settings.settings import Settings
def later():
    import valetkey.store.protocol
"""
    known = {"valetkey", "valetkey.errors", "valetkey.settings.settings", "valetkey.store.protocol"}
    assert imports(source, known) == known


def test_an_import_that_points_upwards_is_found():
    imported = {"valetkey.store.protocol", "valetkey.values", "valetkey._engine.engine"}
    assert pointing_upwards("valetkey._policy.scope", imported) == ["valetkey._engine.engine"]


def private_names(source):
    """Every private name of ours that a source imports, apart from what `_adapters` means for it."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = set()
    for node in nodes:
        before = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
        names |= {f"{before}{alias.name}" for alias in node.names}
    ours = {name for name in names if name.split(".")[0] == "valetkey"}
    return sorted(
        name for name in ours if not name.startswith(USABLE) or "._" in name.removeprefix("valetkey._adapters")
    )


@pytest.mark.parametrize("module", sorted(name for name in modules() if name.startswith(HAYSTACK)))
def test_the_integration_of_a_framework_imports_public_names_and_what_the_adapters_mean_for_it(module):
    assert private_names(modules()[module].read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("line", "is_private"),
    [
        ("from valetkey import values", False),
        ("from valetkey.settings.options import Options", False),
        ("from valetkey._adapters.framework import Engine", False),
        ("import valetkey._engine.engine", True),
        ("from valetkey._engine.engine import Engine", True),
        ("from valetkey import _policy", True),
        ("from valetkey._adapters.credential import _is_bound", True),
        ("from valetkey.protocol.challenge import Challenge", True),
        ("from valetkey import urls", True),
        ("from mcp._private import anything", False),
    ],
)
def test_a_private_name_is_found(line, is_private):
    assert bool(private_names(line)) == is_private
