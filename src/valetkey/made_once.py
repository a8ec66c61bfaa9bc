# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Parts of an object that are made, and whose modules are loaded, with their first use."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

Owner = TypeVar("Owner")
Made = TypeVar("Made")


class made_once(Generic[Owner, Made]):  # noqa: N801 - a decorator, as `cached_property` is one
    """
    A `cached_property` that holds no lock: a child that is forked while a part is made makes its own.

    Two threads that use a part first at the same time may both make one; the same one counts for both.
    """

    def __init__(self, make: Callable[[Owner], Made]) -> None:
        self._make = make
        self._name = ""

    def __set_name__(self, _: type[Owner], name: str) -> None:
        self._name = name

    def __get__(self, owner: Owner, _: Any) -> Made:
        parts: dict[str, Made] = owner.__dict__  # Python looks there first, and so comes here until a part is there
        return parts.setdefault(self._name, self._make(owner))
