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
        texts.update(_PARAMETER.findall(cleandoc(each.__doc__ or "")))
    return texts


def document(documented: type, names: Iterable[str], texts: Mapping[str, str]) -> None:
    """Give a class a docstring with a `:param:` line for each name, in their order; the rest of it stays."""
    documented.__doc__ = compose(documented.__doc__, names, texts)


def compose(docstring: str | None, names: Iterable[str], texts: Mapping[str, str]) -> str | None:
    """Give a docstring with a `:param:` line for each name that has a text; under `python -OO` there is none."""
    if not docstring:
        return docstring
    text = _PARAMETER.sub("", cleandoc(docstring)).rstrip("\n")
    end = _FIELD.search(text)  # `:raises X:` follows the parameters
    before, after = (text[: end.start()], "\n" + text[end.start() :]) if end else (text + "\n\n", "")
    return before + "\n".join(f":param {name}: {texts[name]}" for name in names if name in texts) + after
