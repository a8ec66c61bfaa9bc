# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A store that is encrypted if possible. The first write decides it, and nothing changes it silently.

A store that lists its keys needs one of them. A store that lists none and has records stays plain until the user calls
`encrypt_all`.
"""

import logging
from dataclasses import dataclass

from valetkey.errors import StoreError, StoreLocked
from valetkey.store.another import ANOTHER_STORE, place_of
from valetkey.store.encryption.encrypted import (
    EncryptedStore,
    Listing,
    can_encrypt,
    is_encrypted,
    key_id_of,
    list_keys,
    missing_key,
)
from valetkey.store.encryption.key_names import RECORD_KEY, KeyNames, read_key_names, write_key_name
from valetkey.store.encryption.keys import (
    KEY_FILE_VARIABLE,
    KEY_VARIABLE,
    RULE_VARIABLE,
    DataKey,
    DataKeys,
    Rule,
    Source,
)
from valetkey.store.encryption.system_keyring import KeyringAway, SystemKeyring
from valetkey.store.protocol import ANY, Condition, Lease, Record, Store

_logger = logging.getLogger("valetkey")

_PLACES = {
    Source.ENVIRONMENT: f"the key is in {KEY_VARIABLE}",
    Source.FILE: f"the key is in the file that {KEY_FILE_VARIABLE} names",
    Source.KEYRING: "the key is in the system's keyring",
    Source.PROGRAM: "the key comes from the program",
}
_ENCRYPT_ALL = "valetkey.store.encryption.protection.encrypt_all"
_HOW_TO_GET_A_KEY = (
    f"Set {KEY_VARIABLE} or {KEY_FILE_VARIABLE}, or install valetkey[crypto] where the system has a keyring."
)


@dataclass(frozen=True, slots=True)
class Protection:
    """
    How a store is protected, for a user to read.

    :param encrypted: True if the store is encrypted, or would be by its first write.
    :param where: Where the key is; without a key, what else protects the store.
    """

    encrypted: bool
    where: str


PLAIN = Protection(encrypted=False, where="only file permissions and disk encryption protect it")


class ProtectedStore:
    """A store that is encrypted if possible. For use by any number of threads, and after a fork."""

    def __init__(
        self,
        inner: Store,
        *,
        given: DataKeys | None = None,
        keyring: SystemKeyring | None = None,
        rule: Rule = Rule.IF_POSSIBLE,
        place: str | None = None,
        reads_plain: bool = False,
    ) -> None:
        self._inner = inner
        self._given = given
        self._keyring = keyring
        self._rule = rule
        self._place = place
        self._reads_plain = reads_plain
        self._kept: Store | None = None  # the backend itself when plain; None before the first write

    @property
    def place(self) -> str:
        """The path or URL of the backend."""
        return place_of(self._inner)

    @property
    def _name(self) -> str:
        return self._place or f"the session store {self.place}".rstrip()

    def get(self, key: str) -> Record | None:
        """Read a record."""
        kept = self._open()
        if kept is None:
            return None
        record = kept.get(key)
        if kept is not self._inner or record is None or not is_encrypted(record.value):
            return record
        kept = self._open_again()  # another process has encrypted the store meanwhile
        if kept is None or kept is self._inner:
            raise missing_key(key_id_of(record.value)).with_place(self.place)
        return kept.get(key)

    def put(self, key: str, value: bytes, *, if_version: Condition = ANY) -> str:
        """Write a record."""
        kept = self._open()
        if kept is self._inner and read_key_names(self._inner) is not None:
            kept = self._open_again()
        if kept is None:
            kept = self._begin()
        if isinstance(kept, EncryptedStore):
            write_key_name(self._inner, kept.data_keys.first)
        return kept.put(key, value, if_version=if_version)

    def delete(self, key: str, *, if_version: Condition = ANY) -> bool:
        """Delete a record."""
        self._open()
        return self._inner.delete(key, if_version=if_version)

    def lease(self, key: str, *, seconds: float) -> Lease | None:
        """Try to take the lease of a record."""
        return self._inner.lease(key, seconds=seconds)

    def keys(self) -> list[str]:
        """Give the keys of all records."""
        return [key for key in list_keys(self._inner) if key != RECORD_KEY]

    def close(self) -> None:
        """Close the backend."""
        self._inner.close()

    def protection(self) -> Protection:
        """Describe how the store is protected. The keyring is asked only before the first write."""
        names = self._names()
        if names is not None:
            return Protection(encrypted=True, where=_PLACES[names.sources[names.first]])
        if self._rule is Rule.OFF or self._sample() is not None:
            return PLAIN
        if self._given is not None:
            return Protection(encrypted=True, where=_PLACES[self._given.first.source])
        if self._keyring is not None and can_encrypt() and self._keyring.answers():
            return Protection(encrypted=True, where=_PLACES[Source.KEYRING])
        return PLAIN

    def to_move_from(self) -> "ProtectedStore":
        """The same store for a move away from it: plain records are read, though the key or rule is for the new one."""
        return ProtectedStore(
            self._inner,
            given=self._given,
            keyring=self._keyring,
            rule=self._rule,
            place=self._place,
            reads_plain=True,
        )

    def encrypt_all(self) -> int:
        """Encrypt every plain record. If this is interrupted, another call continues it."""
        names = self._names()
        if names is None:
            keys = self._keys_to_begin_with()
            if keys is None:
                message = f"There is no key to encrypt {self._name} with."
                raise StoreError(message, hint=_HOW_TO_GET_A_KEY)
            names = KeyNames.of(keys.first)
        kept = self._unlock(names)
        write_key_name(self._inner, kept.data_keys.first)  # first, so that other programs stop writing plain records
        self._kept = kept
        return sum(kept.encrypt_plain(key) for key in self.keys())

    def rewrap(self) -> int:
        """Encrypt every record with the first key; after that the other keys are no longer needed."""
        kept = self._open()
        if not isinstance(kept, EncryptedStore):
            message = f"There is nothing encrypted in {self._name}."
            raise StoreError(message, hint=f"Encrypt it first, with {_ENCRYPT_ALL}.")
        first = kept.data_keys.first
        write_key_name(self._inner, first)
        changed = sum(kept.rewrap(key) for key in self.keys())
        self._inner.put(RECORD_KEY, KeyNames.of(first).encode())
        return changed

    def _open(self) -> Store | None:
        if self._kept is None:
            try:
                self._kept = self._recognize()
            except StoreError as error:
                raise error.with_place(self.place) from error.__cause__
        return self._kept

    def _open_again(self) -> Store | None:
        self._kept = None
        return self._open()

    def _recognize(self) -> Store | None:
        names = self._names()
        if names is not None:
            return self._unlock(names)
        if self._rule is Rule.OFF:
            return self._inner
        if self._sample() is not None:
            if self._reads_plain or (self._given is None and self._rule is Rule.IF_POSSIBLE):
                return self._inner
            why = "encryption is required" if self._given is None else "a key is given"
            message = f"There are unencrypted sessions in {self._name}, though {why}."
            hint = f"Encrypt them with {_ENCRYPT_ALL}, or {ANOTHER_STORE}."
            raise StoreError(message, hint=hint)
        if self._given is not None and not isinstance(self._inner, Listing):
            return EncryptedStore(self._inner, self._given)  # it cannot list records, so it may be empty or not
        if self._rule is Rule.REQUIRED:
            self._keys_to_begin_with()  # fails before the user logs in
        return None

    def _names(self) -> KeyNames | None:
        names = read_key_names(self._inner)
        if names is None and self._rule is not Rule.OFF:
            sample = self._sample()
            if sample is not None and is_encrypted(sample):  # the record with the key names is missing
                source = Source.PROGRAM if self._keyring is None else Source.KEYRING
                names = KeyNames({key_id_of(sample): source})
        return names

    def _sample(self) -> bytes | None:
        """Give the value of one record: all records of a store are encrypted, or none."""
        if isinstance(self._inner, Listing):
            for key in self.keys():
                record = self._inner.get(key)
                if record is not None:
                    return record.value
        return None

    def _unlock(self, names: KeyNames) -> EncryptedStore:
        if self._rule is Rule.OFF:
            message = f"The sessions in {self._name} are encrypted, though encryption is switched off."
            raise StoreError(message, hint=f"Take {RULE_VARIABLE}=off or ?encryption=off away, or {ANOTHER_STORE}.")
        keys: list[DataKey] = list(self._given or ())
        lacking = {key_id: source for key_id, source in names.sources.items() if key_id not in {key.id for key in keys}}
        for key_id, source in lacking.items():
            if source is Source.KEYRING and self._keyring is not None:
                try:
                    keys.append(self._keyring.load(key_id))
                except StoreLocked:
                    if len(lacking) == len(names.sources):
                        raise
        if not any(key.id in names.sources for key in keys):
            raise missing_key(names.first)
        return EncryptedStore(self._inner, DataKeys(*keys))

    def _begin(self) -> Store:
        """Decide about an empty store."""
        keys = self._keys_to_begin_with()
        if keys is None:
            self._kept = self._inner
            return self._inner
        write_key_name(self._inner, keys.first)
        return self._open_again() or EncryptedStore(self._inner, keys)

    def _keys_to_begin_with(self) -> DataKeys | None:
        if self._given is not None or self._rule is Rule.OFF:
            return self._given
        reason = "No key is given."
        if self._keyring is not None and can_encrypt():
            try:
                return DataKeys(self._keyring.load_or_create())
            except KeyringAway as error:
                reason = f"No key is given, and {self._keyring.name} is no help: {error}"
        if self._rule is Rule.REQUIRED:
            message = f"Nothing may be written to {self._name} without encryption. {reason}"
            raise StoreError(message, hint=_HOW_TO_GET_A_KEY)
        name = self._name[:1].upper() + self._name[1:]
        _logger.warning("%s is not encrypted: %s. %s %s", name, PLAIN.where, reason, _HOW_TO_GET_A_KEY)
        return None
