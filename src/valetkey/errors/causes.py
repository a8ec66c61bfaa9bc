# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What stands behind an error: the errors of other libraries, whose texts may repeat what a server sent."""

from contextlib import suppress

from valetkey.errors.texts import harmless

_BESIDE_ARGUMENTS = ("strerror", "filename", "reason", "msg")
"""What `OSError`, `UnicodeError` and `ImportError` show instead of their arguments."""


def make_causes_harmless(error: BaseException) -> None:
    """Make the texts of all errors that a traceback shows beside this one safe to show; their types stay."""
    waiting, seen = [error.__cause__, error.__context__], {id(error)}
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        _make_harmless(one)
        waiting += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions


def _make_harmless(error: BaseException) -> None:
    error.args = tuple(_shown(value) for value in error.args)
    for name in _BESIDE_ARGUMENTS:
        value = getattr(error, name, None)
        if isinstance(value, str):
            with suppress(AttributeError):  # a property of a library
                setattr(error, name, harmless(value))
    if hasattr(error, "__notes__"):
        error.__notes__ = [harmless(str(note)) for note in error.__notes__]


def _shown(value: object) -> object:
    if isinstance(value, bytes | bytearray):
        value = repr(bytes(value))
    return harmless(value) if isinstance(value, str) else value
