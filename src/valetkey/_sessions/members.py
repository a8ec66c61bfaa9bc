# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Reading the members of a record by their type; a `KeyError` or a `TypeError` says that the record is damaged."""

from collections.abc import Callable
from typing import Any, TypeVar

from valetkey.values import Secret
from valetkey.wire import fits_header, is_text

Value = TypeVar("Value")
Members = dict[str, Any]

_LATEST = 1e12
"""In Unix time; a later one is no time at all."""


def optional(read: Callable[[Members, str], Value], members: Members, name: str) -> Value | None:
    """Read a member that may be null."""
    return None if members[name] is None else read(members, name)


def text(members: Members, name: str) -> str:
    """Read a text."""
    value = members[name]
    if not is_text(value):
        raise TypeError(name)
    return value


def switch(members: Members, name: str) -> bool:
    """Read true or false."""
    value = members[name]
    if not isinstance(value, bool):
        raise TypeError(name)
    return value


def credential(members: Members, name: str) -> Secret:
    """Read a token that goes into a header: visible ASCII (RFC 6750 §2.1), which does not break out of it."""
    value = text(members, name)
    if not value or not fits_header(value):
        raise TypeError(name)
    return Secret(value)


def time(members: Members, name: str) -> float:
    """Read a Unix time in seconds."""
    value = members[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LATEST:  # NaN is not either
        raise TypeError(name)
    return value


def secret(members: Members, name: str) -> Secret | None:
    """Read a secret, or null."""
    value = optional(text, members, name)
    return None if value is None else Secret(value)


def texts(members: Members, name: str) -> tuple[str, ...] | None:
    """Read a list of texts, or null."""
    items = members[name]
    if items is None:
        return None
    if not isinstance(items, list) or not all(is_text(item) for item in items):
        raise TypeError(name)
    return tuple(items)
