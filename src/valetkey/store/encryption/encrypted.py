# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Encryption around any backend: bytes in, bytes out.

A value is `0x01 | key id (4) | nonce (12) | ciphertext and tag` of AES-256-GCM. What is authenticated with it is the
format and the record's key: a value that is copied to another record is refused there, and so is one without the mark.
An older value of the same record is not noticed. `cryptography` does the work, loaded with the first record.

Nonces are random, so a key may encrypt 2^32 values (NIST SP 800-38D §8.3); that is more than a century of one each
second.
"""

import importlib.util
import os
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from valetkey.errors import StoreError, StoreLocked
from valetkey.store.another import ANOTHER_STORE, LOG_OUT, DamagedRecord
from valetkey.store.encryption.keys import DataKey, DataKeys
from valetkey.store.protocol import ANY, Condition, Conflict, Lease, Record, Store

__all__ = ["EncryptedStore", "Listing"]

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MARK = b"\x01"
_ID = slice(1, 5)
_NONCE = slice(5, 17)
_TEXT = slice(17, None)
_TAG_BYTES = 16
_SHORTEST = 17 + _TAG_BYTES
_SCHEMA = b"valetkey record 1|"


@runtime_checkable
class Listing(Protocol):
    """A store that can list its records, as all of ours can; a `Store` need not."""

    def keys(self) -> list[str]:
        """Give the keys of all records; not those of leases that are stored as records."""


def list_keys(store: Store) -> list[str]:
    """Name the records of a store."""
    if isinstance(store, Listing):
        return store.keys()
    message = f"A {type(store).__name__} cannot list what is in it."
    raise StoreError(message, hint="Give it a method keys() that returns the keys of all records.")


def is_encrypted(value: bytes) -> bool:
    """Tell whether a value bears the mark; a plain one is JSON and cannot."""
    return value[:1] == MARK


def key_id_of(value: bytes) -> bytes:
    """Tell which key a value was encrypted with."""
    return value[_ID]


class EncryptedStore:
    """
    A store that encrypts values before they reach the backend.

    :param inner: The backend.
    """

    def __init__(self, inner: Store, keys: DataKeys) -> None:
        self.inner = inner
        self.place: str = getattr(inner, "place", type(inner).__name__)
        self.data_keys = keys

    def get(self, key: str) -> Record | None:
        """Read a record."""
        record = self.inner.get(key)
        try:
            return None if record is None else Record(self._decrypt(key, record.value), record.version)
        except StoreError as error:
            raise error.with_place(self.place) from error.__cause__

    def put(self, key: str, value: bytes, *, if_version: Condition = ANY) -> str:
        """Write a record."""
        return self.inner.put(key, self._encrypt(key, value), if_version=if_version)

    def delete(self, key: str, *, if_version: Condition = ANY) -> bool:
        """Delete a record."""
        return self.inner.delete(key, if_version=if_version)

    def lease(self, key: str, *, seconds: float) -> Lease | None:
        """Try to take the lease of a record."""
        return self.inner.lease(key, seconds=seconds)

    def keys(self) -> list[str]:
        """Give the keys of all records."""
        return list_keys(self.inner)

    def close(self) -> None:
        """Close the backend."""
        self.inner.close()

    def encrypt_plain(self, key: str) -> bool:
        """Encrypt one record that is there in plain."""
        while (record := self.inner.get(key)) is not None and not is_encrypted(record.value):
            if self._replace(key, record.value, record.version):
                return True
        return False

    def rewrap(self, key: str) -> bool:
        """Encrypt one record anew, unless the first key has done it."""
        while (record := self.inner.get(key)) is not None and key_id_of(record.value) != self.data_keys.first.id:
            if self._replace(key, self._decrypt(key, record.value), record.version):
                return True
        return False

    def _replace(self, key: str, value: bytes, version: str) -> bool:
        try:
            self.put(key, value, if_version=version)
        except Conflict:
            return False  # another program has just written it: read again
        return True

    def _encrypt(self, key: str, value: bytes) -> bytes:
        nonce = os.urandom(12)  # from the operating system, so a forked child gets others
        first = self.data_keys.first
        return MARK + first.id + nonce + _cipher(first).encrypt(nonce, value, _context(key))

    def _decrypt(self, key: str, value: bytes) -> bytes:
        if not is_encrypted(value):
            message = "A record in the session store is not encrypted, though the store is."
            hint = (
                "If you have put it there yourself, encrypt it with valetkey.store.encryption.protection.encrypt_all."
            )
            raise StoreError(message, hint=hint)
        if len(value) < _SHORTEST:
            raise _changed()
        data_key = self.data_keys.find(key_id_of(value))
        if data_key is None:
            raise missing_key(key_id_of(value))
        cipher = _cipher(data_key)
        from cryptography.exceptions import InvalidTag

        try:
            return cipher.decrypt(value[_NONCE], value[_TEXT], _context(key))
        except InvalidTag:
            raise _changed() from None


def can_encrypt() -> bool:
    """Tell whether the package that encrypts is installed."""
    return importlib.util.find_spec("cryptography") is not None


def missing_key(key_id: bytes) -> StoreLocked:
    """Make the error for a key that is not there."""
    message = f"The session store is encrypted with the key {key_id.hex()}, which is not here."
    hint = (
        "Give that key too, in VALETKEY_STORE_KEY or VALETKEY_STORE_KEY_FILE or through the system's keyring; "
        f"if it is lost, {ANOTHER_STORE} and log in again."
    )
    return StoreLocked(message, hint=hint, key_id=key_id.hex())


def _changed() -> StoreError:
    message = "A record in the session store was changed, cut off, or copied from another one."
    return DamagedRecord(message, hint=f"Find out who can write there. If it is a session: {LOG_OUT}")


def _context(key: str) -> bytes:
    return _SCHEMA + key.encode("utf-8", "surrogatepass")


def _cipher(key: DataKey) -> "AESGCM":
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError as error:
        message = "An encrypted session store needs the package cryptography."
        raise StoreError(message, hint="Install it: pip install 'valetkey[crypto]'.") from error
    return AESGCM(key.material)
