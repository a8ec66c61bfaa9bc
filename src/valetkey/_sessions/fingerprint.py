# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which token, and which settings, a record is about, where these themselves have no place."""

import hashlib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

from valetkey.settings.settings import Settings
from valetkey.values import Secret


def fingerprint(token: Secret) -> str:
    """Give the beginning of a token's SHA-256."""
    return hashlib.sha256(token.reveal().encode("utf-8", "surrogatepass")).hexdigest()[:16]


def settings_mark(settings: Settings) -> str:
    """Give twelve bits of a digest of the settings: enough to see that they differ, and too few to guess a secret."""
    return hashlib.sha256("\0".join(_texts(settings)).encode("utf-8", "surrogatepass")).hexdigest()[:3]


def _texts(value: object) -> Iterator[str]:
    """Give what a value of the settings says in each program that has the same; a function says nothing."""
    if isinstance(value, Secret):
        yield value.reveal()
    elif isinstance(value, str | Path | bool | float | int | None):
        yield repr(value)
    elif isinstance(value, tuple):
        for each in value:
            yield from _texts(each)
    elif is_dataclass(value):
        for field in fields(value):
            if field.name == "on_event":  # a program that listens begins the same login
                continue
            yield field.name
            yield from _texts(getattr(value, field.name))
