# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Data keys: the keys that encrypt a store, and where a program gets them from.

A key comes from the environment, from a file that is protected by other means than the store, or from the system's
keyring (`system_keyring`). No key is derived from a host name or stored beside the data, which would protect nothing.
"""

import base64
import hmac
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NoReturn, Self

from valetkey.errors import ConfigurationError, StoreError
from valetkey.store.backends.private_files import open_ordinary

__all__ = ["DataKey", "DataKeys", "Source"]

KEY_VARIABLE = "VALETKEY_STORE_KEY"
"""The environment variable with one key, or several separated by commas: the first encrypts, all decrypt."""

KEY_FILE_VARIABLE = "VALETKEY_STORE_KEY_FILE"
"""The environment variable with the path of a file that has one key a line."""

RULE_VARIABLE = "VALETKEY_STORE_ENCRYPTION"
"""The environment variable that demands encryption (`required`) or forbids it (`off`)."""

KEY_BYTES = 32
_HEX_DIGITS = KEY_BYTES * 2
_LONGEST_FILE = 65_536

_HINT = "A key is 32 random bytes as base64 or hex: `openssl rand -base64 32` makes one."


class Source(StrEnum):
    """Where a key comes from."""

    ENVIRONMENT = "environment"
    FILE = "file"
    KEYRING = "keyring"
    PROGRAM = "program"


class Rule(StrEnum):
    """Whether a store is encrypted."""

    IF_POSSIBLE = "if-possible"
    REQUIRED = "required"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class DataKey:
    """
    One AES-256 key. Its id is derived from it, so the same key has the same id everywhere.

    :param material: The 32 bytes.
    :param source: Where it comes from.
    """

    material: bytes = field(repr=False)
    source: Source = field(default=Source.PROGRAM, compare=False)

    def __post_init__(self) -> None:
        if len(self.material) != KEY_BYTES:
            message = f"The key of the session store has {len(self.material)} bytes and not {KEY_BYTES}."
            raise ConfigurationError(message, hint=_HINT)

    @classmethod
    def random(cls, source: Source = Source.PROGRAM) -> Self:
        """
        Make a new key.

        :param source: Where it will be kept.
        """
        return cls(secrets.token_bytes(KEY_BYTES), source)

    @classmethod
    def read(cls, text: str, source: Source = Source.PROGRAM) -> Self:
        """
        Read a key.

        :param source: Where the text was found.
        """
        text = text.strip()
        standard = text.replace("-", "+").replace("_", "/").rstrip("=")
        try:
            if len(text) == _HEX_DIGITS:
                material = bytes.fromhex(text)
            else:
                material = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
        except ValueError:
            message = "The key of the session store is neither base64 nor hex."
            raise ConfigurationError(message, hint=_HINT) from None
        return cls(material, source)

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        message = "the key of a session store is not pickled: it would be readable in the pickle"
        raise TypeError(message)

    def write(self) -> str:
        """Write the key as text: the secret itself."""
        return base64.b64encode(self.material).decode()

    @property
    def id(self) -> bytes:
        """Four bytes that identify this key and do not reveal it."""
        return hmac.digest(self.material, b"valetkey key id", "sha256")[:4]


class DataKeys:
    """The keys of a store: the first encrypts, all decrypt."""

    def __init__(self, *keys: DataKey) -> None:
        if not keys:
            message = "An encrypted session store needs a key."
            raise ConfigurationError(message, hint=_HINT)
        self.first: DataKey = keys[0]
        self._by_id = {key.id: key for key in reversed(keys)}

    def find(self, key_id: bytes) -> DataKey | None:
        """Find a key."""
        return self._by_id.get(key_id)

    def __iter__(self) -> Iterator[DataKey]:
        yield self.first
        yield from (key for key in self._by_id.values() if key != self.first)

    def __repr__(self) -> str:
        return f"DataKeys({', '.join(key.id.hex() for key in self)})"


def given_keys(environment: Mapping[str, str] = os.environ) -> DataKeys | None:
    """Give the keys that the environment or the file it names holds."""
    text, path = environment.get(KEY_VARIABLE), environment.get(KEY_FILE_VARIABLE)
    if text and path:
        message = f"Both {KEY_VARIABLE} and {KEY_FILE_VARIABLE} are set."
        raise ConfigurationError(message, hint="Keep one of them; either may hold several keys.")
    if text:
        return DataKeys(*(DataKey.read(part, Source.ENVIRONMENT) for part in text.split(",") if part.strip()))
    if path:
        lines = _read_private(Path(path).expanduser()).splitlines()
        return DataKeys(*(DataKey.read(line, Source.FILE) for line in lines if line.strip()))
    return None


def given_rule(environment: Mapping[str, str] = os.environ) -> Rule:
    """Tell what the environment says about encryption."""
    text = environment.get(RULE_VARIABLE) or Rule.IF_POSSIBLE
    try:
        rule = Rule(text)
    except ValueError:
        message = f"{RULE_VARIABLE} says neither {Rule.REQUIRED.value!r} nor {Rule.OFF.value!r}."
        raise ConfigurationError(
            message, hint="Choose one, or leave it away: then it is done where it can be."
        ) from None
    if rule is Rule.OFF and (environment.get(KEY_VARIABLE) or environment.get(KEY_FILE_VARIABLE)):
        message = f"{RULE_VARIABLE} switches encryption off, and yet a key is given."
        raise ConfigurationError(message, hint=f"Keep one: the rule, or {KEY_VARIABLE} and {KEY_FILE_VARIABLE}.")
    return rule


def _read_private(path: Path) -> str:
    try:
        # A symbolic link is followed, because mounted secrets are links; what counts is the file that was opened.
        with open_ordinary(path) as file:
            _check_private(path, os.fstat(file.fileno()))
            return file.read(_LONGEST_FILE).decode("ascii", "replace")
    except OSError as error:
        message = f"The key file {path} cannot be read: {error.strerror or error}."
        raise ConfigurationError(message, hint=f"Check {KEY_FILE_VARIABLE} and the file's rights.") from error


def _check_private(path: Path, found: os.stat_result) -> None:
    """Refuse a key file that another user can read or write. A file of root may be readable for its group."""
    if os.name != "posix":
        return
    owned_by_root = found.st_uid == 0
    readers = stat.S_IROTH if owned_by_root else stat.S_IROTH | stat.S_IRGRP
    if not owned_by_root and found.st_uid != os.geteuid():
        fault = "belongs to another user"
    elif found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        fault = "can be written by other users"
    elif found.st_mode & readers:
        fault = "can be read by other users"
    else:
        return
    message = f"The key file {path} {fault}, so it is no place for a key."
    raise StoreError(message, hint="Make it your own with mode 0600, or let the platform mount it with mode 0400.")
