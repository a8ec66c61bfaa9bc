# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What stands behind an error: the errors of other libraries, whose texts may repeat what a server sent."""

from valetkey.errors.texts import harmless


def make_causes_harmless(error: BaseException) -> None:
    """Make the texts of all errors that a traceback shows beside this one safe to show; their types stay."""
    waiting, seen = [error.__cause__, error.__context__], {id(error)}
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        one.args = tuple(_shown(value) for value in one.args)
        waiting += [one.__cause__, one.__context__]


def _shown(value: object) -> object:
    if isinstance(value, bytes | bytearray):
        value = repr(bytes(value))
    return harmless(value) if isinstance(value, str) else value
