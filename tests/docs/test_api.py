# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The page of public names lists exactly what the code makes public, so that no name becomes public by accident."""

import ast
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import valetkey

PAGE = (Path(__file__).parent.parent.parent / "docs" / "api.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `([\w.]+)` \| (.*?) \|", PAGE, re.MULTILINE)
TABLE = {module: re.findall(r"`(\w+)`", names) for module, names in ROWS}
HAYSTACK = "haystack_integrations.tools.mcp_oauth"
ERRORS = "valetkey.errors"
"""All that it defines is public, and all errors of the modules in it, so it has no `__all__`."""
DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
FIELD = re.compile(r"^ *:(?:param [^:]+|returns):", re.MULTILINE)
MOST_PRIVATE_FIELDS = 120


def public_modules():
    """Every module without an underscore in its name that says which of its names are public."""
    found = {"valetkey", HAYSTACK, ERRORS}
    for package in ("valetkey", HAYSTACK):
        path = importlib.import_module(package).__path__
        names = (module.name for module in pkgutil.walk_packages(path, f"{package}."))
        found |= {name for name in names if "._" not in name and hasattr(importlib.import_module(name), "__all__")}
    return found


def public_names(module):
    imported = importlib.import_module(module)
    if module != ERRORS:
        return list(imported.__all__)
    found = vars(imported).items()
    defined = {name for name, item in found if getattr(item, "__module__", None) == ERRORS or is_error(item)}
    return sorted(name for name in defined if not name.startswith("_"))


def is_error(item):
    return inspect.isclass(item) and issubclass(item, valetkey.AuthError)


def public_definitions():
    """Module and name of every public class and function, and of the classes that a public class inherits from."""
    items = [getattr(importlib.import_module(module), name) for module in public_modules() for name in TABLE[module]]
    owners = [owner for item in items for owner in (inspect.getmro(item) if inspect.isclass(item) else (item,))]
    return {(getattr(owner, "__module__", ""), getattr(owner, "__qualname__", "")) for owner in owners}


def private_fields():
    """How many `:param:` and `:returns:` lines describe each private class or function."""
    public, source = public_definitions(), Path(valetkey.__file__).parent.parent
    for path in source.rglob("*.py"):
        module = ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, DEFINITIONS) and (module, node.name) not in public:
                texts = [ast.get_docstring(each) or "" for each in ast.walk(node) if isinstance(each, DEFINITIONS)]
                yield f"{module}.{node.name}", sum(len(FIELD.findall(text)) for text in texts)


def test_the_page_lists_the_public_modules_and_no_other():
    assert set(TABLE) == public_modules()


@pytest.mark.parametrize("module", sorted(public_modules()))
def test_the_page_lists_the_public_names_of_a_module_and_no_other(module):
    assert TABLE[module] == public_names(module)


@pytest.mark.parametrize("module", sorted(public_modules()))
def test_every_public_class_and_function_of_ours_is_documented(module):
    imported = importlib.import_module(module)
    items = {name: getattr(imported, name) for name in public_names(module)}
    ours = {name: item for name, item in items.items() if inspect.isclass(item) or inspect.isfunction(item)}
    assert [name for name, item in ours.items() if not inspect.getdoc(item)] == []


def test_every_error_can_be_imported_from_the_package():
    assert set(TABLE[ERRORS]) - {"quote"} <= set(valetkey.__all__)


def test_a_private_name_has_a_field_in_its_docstring_only_where_name_and_type_do_not_say_it():
    """A unit, a shape, what None means, a section of a specification; more lines than these would repeat names."""
    fields = dict(private_fields())
    assert sum(fields.values()) <= MOST_PRIVATE_FIELDS, sorted(fields.items(), key=lambda item: -item[1])[:20]
