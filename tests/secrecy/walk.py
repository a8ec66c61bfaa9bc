# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What objects and errors show of themselves: to a log, a debugger, a pickle, a copy."""

import copy
import pickle
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

_OURS = ("valetkey", "haystack_integrations.tools.mcp_oauth", "tests.secrecy")
_MOST_OBJECTS = 5000


def reachable(roots: Iterable[object]) -> list[object]:
    """Give every object of ours that attributes and collections lead to; a `Secret` is the end of a way."""
    waiting, found, seen = list(roots), [], {}
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, str | bytes | int | float | type | None):
            continue
        assert len(seen) < _MOST_OBJECTS, "the walk does not end"
        seen[id(one)] = one  # kept, so that no other object gets the same id
        if isinstance(one, Mapping):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, tuple | list | set | frozenset):
            waiting += one
        elif is_ours(one):
            found.append(one)
            waiting += _attributes(one)
    return found


def is_ours(one: object) -> bool:
    """Tell an object of this package, or of a class that a test has planted."""
    return (getattr(type(one), "__module__", None) or "").startswith(_OURS)


def _attributes(one: object) -> Iterator[object]:
    yield from getattr(one, "__dict__", {}).values()
    for kind in type(one).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if type(one).__name__ != "Secret" and hasattr(one, name):
                yield getattr(one, name)
    yield from (getattr(one, name, None) for name in ("__cause__", "__context__", "exceptions"))


def shown_by(one: object) -> str:
    """Give what an object says of itself, and what its copies say."""
    texts = [repr(one), str(one), f"{one}"]
    for duplicate in (copy.copy, copy.deepcopy):
        with suppress(Exception):  # a lock cannot be copied
            made = duplicate(one)
            texts += [repr(made), str(made)]
    return "\n".join(texts)


def pickled(one: object) -> str:
    """Give the pickle of an object as a text; empty if it refuses to be one."""
    with suppress(Exception):
        return pickle.dumps(one).decode("latin-1")
    return ""


def whole_chain(error: BaseException) -> list[BaseException]:
    """Give an error and all that stand behind it or in it."""
    waiting, chain = [error], []
    while waiting:
        one = waiting.pop()
        if any(one is each for each in chain):
            continue
        chain.append(one)
        behind: list[Any] = [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]
        waiting += [each for each in behind if each is not None]
    return chain


def said_by(error: BaseException) -> str:
    """Give all that a program can show of an error: texts, notes, arguments, attributes, the traceback."""
    texts = [*traceback.format_exception(error)]
    for one in whole_chain(error):
        attributes = {name: value for name, value in vars(one).items() if name != "authorization_url"}
        texts += [str(one), repr(one), repr(one.args), repr(getattr(one, "__notes__", ())), repr(attributes)]
        texts += [f"{getattr(one, name, '')}" for name in ("hint", "message", "tried")]
    return "\n".join(texts)


def links_of(error: BaseException) -> str:
    """Give the links of an error that a person may open, which hold the state."""
    return "\n".join(str(getattr(one, "authorization_url", "")) for one in whole_chain(error))
