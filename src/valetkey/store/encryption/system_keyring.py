# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The system's keyring: one data key lies there, never a token.

The package `keyring` talks to it. Only the keyrings of the systems themselves are used, each named here: whatever else
is installed may keep secrets in a plain file or ask for a password on standard input. A keyring may also wait for a
person, so every call runs in a thread of its own and is waited for a few seconds.
"""

import importlib
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from valetkey.errors import ConfigurationError, StoreError, StoreLocked, quote
from valetkey.store.backends.sqlite import SqliteStore
from valetkey.store.default_place import default_path
from valetkey.store.encryption.keys import DataKey, Source
from valetkey.store.leases.holding import LeaseTimeout, hold

SERVICE = "valetkey"
USERNAME = "session store"
CALL_SECONDS = 3.0
_BACKENDS = {
    "darwin": ("keyring.backends.macOS.Keyring",),
    "win32": ("keyring.backends.Windows.WinVaultKeyring",),
}
_DESKTOP_BACKENDS = ("keyring.backends.SecretService.Keyring", "keyring.backends.kwallet.DBusKeyring")
_NAMES = {"darwin": "the macOS Keychain", "win32": "the Windows Credential Manager"}

Answer = TypeVar("Answer")


class Backend(Protocol):
    """What is used of a backend of the package `keyring`."""

    def get_password(self, service: str, username: str) -> str | None:
        """Read a secret, None if there is none."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Write a secret."""


class KeyringAway(Exception):
    """No keyring answers; the text says why."""


class SystemKeyring:
    """
    The data key in the system's keyring. Safe to use from any thread.

    :param find: Gives the backend; whatever it raises means that there is none.
    :param seconds: How long one call is waited for.
    :param lock_beside: The file whose lease keeps two processes from making a key each.
    """

    def __init__(
        self,
        find: Callable[[], Backend] | None = None,
        *,
        seconds: float = CALL_SECONDS,
        lock_beside: Path | None = None,
    ) -> None:
        self._find = find or system_backend
        self._seconds = seconds
        self._lock_beside = lock_beside
        self._unanswered: threading.Thread | None = None

    @property
    def name(self) -> str:
        """What a person calls it."""
        return _NAMES.get(sys.platform, "the desktop's keyring")

    def load(self, key_id: bytes) -> DataKey:
        """
        Read the key a store was encrypted with.

        :param key_id: Its id.
        :returns: The key.
        :raises StoreLocked: If no keyring answers, or it does not have that key.
        """
        try:
            key = self._read()
        except KeyringAway as error:
            message = f"The session store is locked: its key is in {self.name}. {error}"
            hint = "Unlock the keyring and try again, or name another store in VALETKEY_STORE."
            raise StoreLocked(message, hint=hint, key_id=key_id.hex()) from error
        if key is None or key.id != key_id:
            message = f"The session store is locked: its key {key_id.hex()} is not in {self.name}."
            hint = f"Bring the key back (service {SERVICE!r}), or move the store away and log in again."
            raise StoreLocked(message, hint=hint, key_id=key_id.hex())
        return key

    def answers(self) -> bool:
        """
        Tell whether a new store would be encrypted with this keyring.

        :returns: True if it answers.
        """
        try:
            self._read()
        except KeyringAway:
            return False
        return True

    def load_or_create(self) -> DataKey:
        """
        Read the key, or make one. Of processes that do so at once, one makes it.

        :returns: The key, which the keyring has given back.
        :raises KeyringAway: If no keyring answers.
        :raises StoreError: If what lies there is no key, or the lock cannot be taken.
        """
        key = self._read()
        if key is not None:
            return key
        locks = SqliteStore(self._lock_beside or default_path())
        try:
            turn = hold(locks, SERVICE, self._read)
        except LeaseTimeout as error:
            message = "Another process has been about to make a key for too long."
            raise KeyringAway(message) from error
        if isinstance(turn, DataKey):
            return turn
        with turn:
            return self._read() or self._create()

    def _read(self) -> DataKey | None:
        text = self._ask(lambda backend: backend.get_password(SERVICE, USERNAME))
        if text is None:
            return None
        try:
            return DataKey.read(text, Source.KEYRING)
        except ConfigurationError:
            message = f"What {self.name} holds for the service {SERVICE!r} is not a key."
            raise StoreError(message, hint="Remove that entry if it is of no use to anybody else.") from None

    def _create(self) -> DataKey:
        key = DataKey.random(Source.KEYRING)
        self._ask(lambda backend: backend.set_password(SERVICE, USERNAME, key.write()))
        if self._read() != key:
            message = "It does not give back what it was given."
            raise KeyringAway(message)
        return key

    def _ask(self, question: Callable[[Backend], Answer]) -> Answer:
        previous = self._unanswered
        if previous is not None:  # a person may be looking at its dialog: no second one
            previous.join(self._seconds)
        if previous is None or not previous.is_alive():
            call = _Call(lambda: question(self._find()))
            self._unanswered = call
            call.start()
            call.join(self._seconds)
            if not call.is_alive():
                self._unanswered = None
                answer: Answer = call.answer()
                return answer
        message = f"It did not answer within {self._seconds:g} seconds."
        raise KeyringAway(message)


class _Call(threading.Thread):
    """One question, in a thread that does not keep the process alive."""

    def __init__(self, question: Callable[[], Any]) -> None:
        super().__init__(name="valetkey-keyring", daemon=True)
        self._question = question
        self._answer: Any = None
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            self._answer = self._question()
        except Exception as error:  # noqa: BLE001 - backends raise what D-Bus, Cocoa and Windows make them raise
            self._error = error

    def answer(self) -> Any:
        if isinstance(self._error, KeyringAway):
            raise self._error
        if self._error is not None:
            reason = type(self._error).__name__
            message = f"It failed with {reason}: {quote(str(self._error))}."
            raise KeyringAway(message) from self._error
        return self._answer


def system_backend() -> Backend:
    """
    Find the keyring of this system.

    A backend that the user of the package `keyring` has chosen in the environment is respected: if it is not one of the
    system's, there is no keyring.

    :returns: The backend.
    :raises KeyringAway: If there is none, or the package `keyring` is not installed.
    """
    try:
        import keyring  # noqa: F401 - its backends are imported by name below
    except ImportError as error:
        message = "The package keyring is not installed."
        raise KeyringAway(message) from error
    names: tuple[str, ...] = _BACKENDS.get(sys.platform, _DESKTOP_BACKENDS)
    chosen = os.environ.get("PYTHON_KEYRING_BACKEND")
    reasons = []
    best: tuple[float, Any] | None = None
    for name in names:
        if chosen and chosen != name:
            reasons.append(f"PYTHON_KEYRING_BACKEND names {chosen}")
            continue
        module, _, kind = name.rpartition(".")
        backend = getattr(importlib.import_module(module), kind)
        try:
            priority = backend.priority
        except Exception as error:  # noqa: BLE001 - the way in which a backend says that its system is not there
            reasons.append(str(error))
            continue
        if best is None or priority > best[0]:
            best = priority, backend
    if best is None:
        message = f"There is none here: {quote('; '.join(dict.fromkeys(reasons)))}."
        raise KeyringAway(message)
    found: Backend = best[1]()
    return found
