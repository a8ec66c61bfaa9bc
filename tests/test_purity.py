# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The pure modules: arguments in, values out. What they may import is listed, so that nothing slips in."""

import ast
import dataclasses
import importlib
from pathlib import Path

import pytest

import valetkey

PACKAGE = Path(valetkey.__file__).parent
PURE = [
    *(PACKAGE / name for name in ("wire.py", "values.py", "urls.py", "profiles/profile.py")),
    *(PACKAGE / "_engine" / name for name in ("decision.py", "refresh_outcome.py")),
    *sorted((PACKAGE / "errors").glob("*.py")),
    *sorted((PACKAGE / "protocol").glob("*.py")),
    *sorted((PACKAGE / "_policy").glob("*.py")),
]
PURE_MODULES = {
    "valetkey." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__") for path in PURE
}

ALLOWED_MODULES = {
    "base64",
    "collections.abc",
    "dataclasses",
    "enum",
    "hashlib",
    "hmac",
    "html",
    "ipaddress",
    "json",
    "math",
    "re",
    "unicodedata",
}
ALLOWED_NAMES = {
    "typing": {"Any", "Literal", "Self", "TypeGuard"},
    "urllib.parse": {
        *("SplitResult", "parse_qs", "parse_qsl", "quote", "quote_plus", "unquote", "unquote_plus", "urlencode"),
        *("urljoin", "urlsplit"),
    },
    "functools": {"lru_cache"},  # remembers an answer and changes none
    "contextlib": {"contextmanager", "suppress"},
    "contextvars": {"ContextVar"},  # which secrets the running attempt has sent: no text of it may show them
    "datetime": {"UTC"},  # the zone, not the clock
    "email.utils": {"parsedate_to_datetime"},
    "valetkey.settings.settings": {"Settings"},  # a value: it names files and functions, and opens and calls none
    "valetkey.settings.credentials": {"RegisteredClient"},
}
IMPURE_BUILTINS = {"open", "print", "input", "__import__", "eval", "exec", "breakpoint", "globals"}


def impurities(source):
    """Every import that is not on the list, wherever in the code it stands, and every built-in that acts."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name not in ALLOWED_MODULES]
        elif isinstance(node, ast.ImportFrom):
            found += [f"{node.module}.{alias.name}" for alias in node.names if not is_allowed(node, alias.name)]
        elif isinstance(node, ast.Name) and node.id in IMPURE_BUILTINS:
            found.append(node.id)
    return found


def is_allowed(node, name):
    if node.level:
        return False
    if node.module in ALLOWED_MODULES | PURE_MODULES:
        return True
    return name in ALLOWED_NAMES.get(node.module, ()) or f"{node.module}.{name}" in PURE_MODULES


def test_these_tests_look_at_real_files():
    assert all(path.is_file() for path in PURE)
    assert {path.name for path in PURE} > {"challenge.py", "resource.py", "server.py", "token.py", "scope.py"}


@pytest.mark.parametrize("path", PURE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_pure_module_can_neither_act_nor_look_at_the_world(path):
    assert impurities(path.read_text(encoding="utf-8")) == []


def public_dataclasses():
    modules = [importlib.import_module(name) for name in sorted(PURE_MODULES)]
    found = {item for module in modules for name, item in vars(module).items() if not name.startswith("_")}
    values = {item for item in found if isinstance(item, type) and dataclasses.is_dataclass(item)}
    return sorted((value for value in values if value.__module__ in PURE_MODULES), key=str)


@pytest.mark.parametrize("value", public_dataclasses(), ids=lambda value: value.__name__)
def test_the_values_of_the_pure_side_cannot_be_changed(value):
    assert value.__dataclass_params__.frozen
    assert "__slots__" in vars(value)


def test_these_tests_know_the_values():
    assert {value.__name__ for value in public_dataclasses()} > {
        "Challenge",
        "AuthorizationRequest",
        "Session",
        "HttpRequest",
    }


@pytest.mark.parametrize(
    ("source", "found"),
    [
        *((f"import {name}", [name]) for name in ("httpx", "httpx2", "socket", "time", "random", "secrets", "sqlite3")),
        ("import threading", ["threading"]),
        ("import logging", ["logging"]),
        ("import os.path", ["os.path"]),
        ("import json, time as clock", ["time"]),
        ("def later():\n    from time import monotonic", ["time.monotonic"]),
        ("from datetime import UTC, datetime", ["datetime.datetime"]),
        ("from urllib.request import urlopen", ["urllib.request.urlopen"]),
        ("from typing import *", ["typing.*"]),
        ("from valetkey import seams, urls", ["valetkey.seams"]),
        ("from valetkey._network.sender import HttpSender", ["valetkey._network.sender.HttpSender"]),
        ("from . import urls", ["None.urls"]),
        ("import importlib", ["importlib"]),
        ("text = open('/etc/passwd').read()", ["open"]),
        ("clock = __import__('time')", ["__import__"]),
        ("import json\nfrom valetkey import urls\nfrom valetkey.protocol.challenge import Challenge", []),
    ],
)
def test_what_makes_a_module_impure_is_found(source, found):
    assert impurities(source) == found
