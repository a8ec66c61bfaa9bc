# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The text of an option is written once, in the class that declares it, and shown by every class that takes it."""

import re
from collections.abc import Iterable, Mapping
from inspect import cleandoc

_PARAMETER = re.compile(r"^:param (\w+): (.*(?:\n[ \t]+\S.*)*)\n?", re.MULTILINE)
_FIELD = re.compile(r"^:", re.MULTILINE)


def parameter_texts(documented: type) -> dict[str, str]:
    """Read the `:param:` lines of a class and of its bases."""
    texts: dict[str, str] = {}
    for each in reversed(documented.__mro__):
        texts.update(_PARAMETER.findall(cleandoc(vars(each).get("__doc__") or "")))
    return texts


def document(documented: type, names: Iterable[str], texts: Mapping[str, str]) -> None:
    """Give a class a docstring with a `:param:` line for each name, in their order; the rest of it stays."""
    if not documented.__doc__:
        return
    text = _PARAMETER.sub("", cleandoc(documented.__doc__)).rstrip("\n")
    end = _FIELD.search(text)  # `:raises X:` follows the parameters
    before, after = (text[: end.start()], "\n" + text[end.start() :]) if end else (text + "\n\n", "")
    documented.__doc__ = before + "\n".join(f":param {name}: {texts[name]}" for name in names if name in texts) + after
