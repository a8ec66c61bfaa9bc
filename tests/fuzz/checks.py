# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What has to hold for whatever a parser gives, and for every error of ours."""

import enum
import time
from contextlib import contextmanager
from dataclasses import fields, is_dataclass

from valetkey.errors import AuthError
from valetkey.values import Secret

LONGEST_ERROR = 20_000
"""Characters of the text of an error; each text of a server in it is capped."""

_SECONDS_FOR_ANY = 0.25
_SECONDS_FOR_A_CHARACTER = 20e-6
"""Ten times what the slowest parser takes when the fuzzer counts its branches."""


def ours(call, *arguments, **named):
    """Give what a parser gives, or None where it raises an error of ours; any other error is a finding."""
    try:
        value = call(*arguments, **named)
    except AuthError as error:
        require_sound(error)
        return None
    require_sendable(value)
    return value


def require_sound(error):
    """An error of ours can be shown and logged: it says what to do, in one line that is not too long."""
    said = str(error)
    assert error.hint, type(error)
    assert said.isprintable(), said
    assert len(said) <= LONGEST_ERROR, len(said)


def require_sendable(value):
    """Every text in a value can be written into a request or a record."""
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, Secret):
        value.reveal().encode()
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            require_sendable(getattr(value, field.name))
    elif isinstance(value, dict):
        for name, member in value.items():
            require_sendable(name)
            require_sendable(member)
    elif isinstance(value, list | tuple | set | frozenset) and not isinstance(value, enum.Enum):
        for item in value:
            require_sendable(item)


@contextmanager
def in_proportion(length):
    """Make sure that the processor time of this thread is in proportion to a length."""
    started = time.thread_time()
    yield
    seconds = time.thread_time() - started
    assert seconds <= _SECONDS_FOR_ANY + length * _SECONDS_FOR_A_CHARACTER, f"{seconds:.2f} s for {length} characters"
