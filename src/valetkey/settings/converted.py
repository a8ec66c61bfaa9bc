# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A dataclass field that takes a value as users have it and holds it in the form the engine uses."""

from collections.abc import Callable
from typing import Generic, TypeVar

GivenT_contra = TypeVar("GivenT_contra", contravariant=True)
HeldT_co = TypeVar("HeldT_co", covariant=True)


class Converted(Generic[GivenT_contra, HeldT_co]):
    """
    A descriptor as default of a dataclass field: type checkers take what `__set__` takes and read what `__get__` gives.

    :param convert: Makes the form that is held; what is held already stays as it is.
    :param default: The default, as a user would give it.
    """

    def __init__(self, convert: Callable[[GivenT_contra], HeldT_co], default: GivenT_contra) -> None:
        self._convert = convert
        self._default = convert(default)

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object | None, owner: type) -> HeldT_co:
        if instance is None:
            return self._default  # where a dataclass looks for the default of the field
        held: HeldT_co = vars(instance)[self._name]
        return held

    def __set__(self, instance: object, given: GivenT_contra) -> None:
        vars(instance)[self._name] = self._convert(given)
