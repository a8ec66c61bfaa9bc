# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What holds for the repository as a whole."""

import ast
import importlib
import pkgutil
from pathlib import Path

import pytest

import valetkey
from tests.requirements import requirement

ROOT = Path(__file__).parent.parent
HEADER = """\
# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0
"""
LONGEST_MODULE = 300
LONGEST_FUNCTION = 45
"""Lines, docstring included: a function of the 401's path fits on a screen."""
PATH_OF_A_401 = ("_adapters", "_engine", "_discovery", "_clients", "_grants")
INTERNAL = [
    *("_adapters", "_clients", "_discovery", "_engine", "_grants", "_network", "_policy", "_sessions"),
    *("protocol", "profiles", "urls.py", "wire.py", "seams.py", "waiting.py", "made_once.py"),
]
MOST_INTERNAL_FIELDS = 120
"""Lines of `:param` and `:returns:` in all internal docstrings."""
HAYSTACK = "haystack_integrations.tools.mcp_oauth"


def python_files(*folders):
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py") if "node_modules" not in path.parts]
    assert files, f"no Python file below {folders}"
    return files


def relative(paths):
    return sorted(str(path.relative_to(ROOT)) for path in paths)


def public_modules():
    direct = (module.name for module in pkgutil.iter_modules(valetkey.__path__, "valetkey."))
    return ["valetkey", *(name for name in direct if not name.startswith("valetkey._")), HAYSTACK]


def order_of_names(name):
    """The order that ruff's RUF022 wants: constants, classes, the rest."""
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2), name


def test_every_python_file_starts_with_the_licence_header():
    files = python_files("src", "tests", "examples", "benchmarks")
    assert relative(path for path in files if not path.read_text(encoding="utf-8").startswith(HEADER)) == []


@pytest.mark.parametrize("folder", ["src/haystack_integrations", "src/haystack_integrations/tools"])
def test_a_namespace_shared_with_other_distributions_holds_nothing_but_our_folder(folder):
    """A file there would overwrite, or hide, what another distribution installs (PEP 420). Trap 23."""
    children = {path.name for path in (ROOT / folder).iterdir()} - {"__pycache__"}
    assert children == {"mcp_oauth" if folder.endswith("tools") else "tools"}


@pytest.mark.parametrize("package", ["src/valetkey", "src/haystack_integrations/tools/mcp_oauth"])
def test_both_packages_say_that_they_are_typed(package):
    assert (ROOT / package / "py.typed").read_bytes() == b""


def test_no_module_outgrows_its_subject():
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in python_files("src")}
    assert relative(path for path, lines in lengths.items() if lines > LONGEST_MODULE) == []


@pytest.mark.parametrize("room", PATH_OF_A_401)
def test_every_function_on_the_path_of_a_401_fits_on_a_screen(room):
    lengths = {
        f"{path.name}: {node.name}": node.end_lineno - node.lineno + 1
        for path in python_files(f"src/valetkey/{room}")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}


def test_an_internal_docstring_has_a_field_only_where_it_says_what_the_type_does_not():
    """A unit, a shape, what None means, a section of an RFC: more than these few would repeat names again."""
    places = [ROOT / "src/valetkey" / name for name in INTERNAL]
    files = [path for place in places for path in ([place] if place.is_file() else python_files(place))]
    fields = [
        f"{path.name}:{number}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if line.strip().startswith((":param ", ":returns:"))
    ]
    assert len(fields) <= MOST_INTERNAL_FIELDS, len(fields)


@pytest.mark.parametrize("package", ["valetkey", HAYSTACK])
def test_a_package_names_what_is_public(package):
    assert importlib.import_module(package).__all__


@pytest.mark.parametrize("module", public_modules())
def test_public_names_are_sorted_and_exist(module):
    imported = importlib.import_module(module)
    names = list(getattr(imported, "__all__", []))
    assert names == sorted(set(names), key=order_of_names)
    assert [name for name in names if not hasattr(imported, name)] == []


def test_the_package_gives_one_class_for_all_libraries_and_no_name_it_does_not_have():
    for library in ("httpx", "httpx2"):
        assert issubclass(valetkey.OAuth, importlib.import_module(library).Auth)
    assert "OAuth" in dir(valetkey)
    with pytest.raises(AttributeError, match="'valetkey' has no attribute 'Oauth'"):
        valetkey.Oauth  # noqa: B018


@requirement("TOK-17", "NAT-10")
def test_no_client_of_ours_is_shipped_with_the_package():
    """What everybody can read proves nobody (RFC 8252 §8.5): clients are the user's, or registered without a secret."""
    shipped = []
    for path in python_files("src"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            pairs = []
            if isinstance(node, ast.keyword):
                pairs = [(node.arg, node.value)]
            elif isinstance(node, ast.Dict):
                pairs = [
                    (getattr(key, "value", None), value) for key, value in zip(node.keys, node.values, strict=True)
                ]
            for name, value in pairs:
                if name in ("client_id", "client_secret") and isinstance(value, ast.Constant) and value.value:
                    shipped.append(f"{path.name}:{value.lineno}")
    assert shipped == []
