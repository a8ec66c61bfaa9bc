# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The encryption of stores: opening one as the environment says, describing one, and encrypting one later."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from valetkey.errors import ConfigurationError, StoreError
from valetkey.store.backends.opening import open_backend
from valetkey.store.encryption.keys import KEY_FILE_VARIABLE, KEY_VARIABLE, RULE_VARIABLE, Rule, given_keys, given_rule
from valetkey.store.encryption.protected import PLAIN, ProtectedStore, Protection
from valetkey.store.protocol import Store

__all__ = ["Protection", "describe", "encrypt_all", "rewrap"]

if TYPE_CHECKING:
    from valetkey.store.encryption.system_keyring import SystemKeyring

_OFF = "encryption=off"


def open_protected(
    name: str, *, environment: Mapping[str, str] = os.environ, keyring: "SystemKeyring | None" = None
) -> Store:
    """
    Open the store that a text names, with the encryption that the environment asks for.

    :param name: The name, as `valetkey.store.open_store` takes it. `encryption=off` in the query of a store on a server
        opens it without encryption.
    :returns: The store.
    :raises ConfigurationError: If there is no such kind of store, or if a store on a server has no key.
    :raises StoreError: If other users can read or write the file that holds the key.
    """
    if name == "memory:":
        return open_backend(name)
    if not name.startswith("sqlite:"):
        return _open_on_server(name, environment)
    place = f"the session store {name.removeprefix('sqlite:///')}"
    return _open_file(open_backend(name), place, environment, keyring)


def open_default(*, environment: Mapping[str, str] = os.environ, keyring: "SystemKeyring | None" = None) -> Store:
    """
    Open the store at the default place, which is looked up when it is first needed.

    :returns: The store.
    :raises StoreError: If other users can read or write the file that holds the key.
    """
    from valetkey.store.backends.default_file import DefaultFile

    return _open_file(DefaultFile(), None, environment, keyring)


def _open_file(
    backend: Store, place: str | None, environment: Mapping[str, str], keyring: "SystemKeyring | None"
) -> ProtectedStore:
    from valetkey.store.encryption.system_keyring import SystemKeyring

    return ProtectedStore(
        backend,
        given=given_keys(environment),
        keyring=keyring or SystemKeyring(),
        rule=given_rule(environment),
        place=place,
    )


def _open_on_server(name: str, environment: Mapping[str, str]) -> Store:
    """On a server, administrators, backups and often the network can read the records: so a key is required."""
    bare, is_off = _without_encryption(name)
    backend = open_backend(bare)
    place = f"the session store on {name.partition(':')[0]}"
    rule = given_rule(environment)
    if is_off and rule is Rule.REQUIRED:
        message = f"The store's name switches encryption off, and {RULE_VARIABLE} demands it."
        raise ConfigurationError(message, hint="Keep one of them.")
    if is_off:
        return ProtectedStore(backend, rule=Rule.OFF, place=place)
    given = given_keys(environment)
    if given is None:
        message = "A session store on a server needs a key to encrypt the sessions with."
        hint = f"Set {KEY_VARIABLE} or {KEY_FILE_VARIABLE}, or write ?{_OFF} at the end of the store's name."
        raise ConfigurationError(message, hint=hint)
    return ProtectedStore(backend, given=given, rule=Rule.REQUIRED, place=place)


def _without_encryption(name: str) -> tuple[str, bool]:
    start, _, query = name.partition("?")
    items = query.split("&") if query else []
    said = [item for item in items if item.partition("=")[0] == "encryption"]
    if not said:
        return name, False
    if said != [_OFF]:
        message = "The store's name says something else about encryption than 'off'."
        raise ConfigurationError(message, hint=f"Write {_OFF}, or leave it away and give a key.")
    kept = "&".join(item for item in items if item not in said)
    return f"{start}?{kept}" if kept else start, True


def describe(store: Store) -> Protection:
    """
    Describe how a store is protected.

    :param store: A store, as `valetkey.store.open_store` gives it.
    :returns: The description.
    :raises StoreError: If the store cannot be read.
    """
    from valetkey.store.backends.memory import MemoryStore
    from valetkey.store.encryption.encrypted import EncryptedStore

    if isinstance(store, ProtectedStore):
        return store.protection()
    if isinstance(store, EncryptedStore):
        return Protection(encrypted=True, where="the key comes from the program")
    if isinstance(store, MemoryStore):
        return Protection(encrypted=False, where="it is in memory only and ends with the process")
    return PLAIN


def encrypt_all(store: Store) -> int:
    """
    Encrypt the plain records of a store. If this is interrupted, another call continues it.

    :param store: The store, as `valetkey.store.open_store` gives it.
    :returns: The number of records that were plain.
    :raises StoreError: If there is no key, or the store cannot list or write its records.
    """
    return _protected(store).encrypt_all()


def rewrap(store: Store) -> int:
    """
    Encrypt every record with the first key. Afterwards the other keys are no longer needed.

    :param store: The store, as `valetkey.store.open_store` gives it.
    :returns: The number of records that had another key.
    :raises StoreError: If the store is not encrypted, a key is missing, or a record cannot be read or written.
    """
    return _protected(store).rewrap()


def _protected(store: Store) -> ProtectedStore:
    if isinstance(store, ProtectedStore):
        return store
    message = f"A {type(store).__name__} has no protection that could be changed."
    raise StoreError(message, hint="Open the store by its name, with valetkey.store.open_store.")
