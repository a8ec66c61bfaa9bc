# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The system's keyring, which holds one data key and no token.

The package `keyring` gives access to it. Only the keyrings of the operating systems are used, each named here: other
backends of that package may store secrets in a plain file or ask for a password on standard input. A keyring may wait
for its user, so every call runs in a thread of its own, with a timeout of a few seconds.
"""

import importlib
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from valetkey.errors import ConfigurationError, StoreError, StoreLocked, quote
from valetkey.store.another import ANOTHER_STORE
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
    """The methods that Valetkey uses of a backend of the package `keyring`."""

    def get_password(self, service: str, username: str) -> str | None:
        """Read a secret, None if there is none."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Write a secret."""


class KeyringAway(Exception):
    """No keyring answers; the text says why."""


class SystemKeyring:
    """
    The data key in the system's keyring. Safe to use from any thread.

    :param find: Gives the backend; an error means that there is none.
    :param lock_beside: The store file whose lease lets only one process create the key.
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
        """The name that its user knows."""
        return _NAMES.get(sys.platform, "the desktop's keyring")

    def load(self, key_id: bytes) -> DataKey:
        """Read the key a store was encrypted with."""
        try:
            key = self._read()
        except KeyringAway as error:
            message = f"The session store is locked: its key is in {self.name}. {error}"
            hint = f"Unlock the keyring and try again, or {ANOTHER_STORE}."
            raise StoreLocked(message, hint=hint, key_id=key_id.hex()) from error
        if key is None or key.id != key_id:
            message = f"The session store is locked: its key {key_id.hex()} is not in {self.name}."
            hint = f"Bring the key back (service {SERVICE!r}); if it is lost, {ANOTHER_STORE} and log in again."
            raise StoreLocked(message, hint=hint, key_id=key_id.hex())
        return key

    def answers(self) -> bool:
        """Tell whether a new store would be encrypted with this keyring."""
        try:
            self._read()
        except KeyringAway:
            return False
        return True

    def load_or_create(self) -> DataKey:
        """Read the key, or create it; of several processes at the same time, only one creates it."""
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
            raise StoreError(
                message, hint=f"Remove that entry if no other program needs it, or {ANOTHER_STORE}."
            ) from None

    def _create(self) -> DataKey:
        key = DataKey.random(Source.KEYRING)
        self._ask(lambda backend: backend.set_password(SERVICE, USERNAME, key.write()))
        if self._read() != key:
            message = "It does not give back what it was given."
            raise KeyringAway(message)
        return key

    def _ask(self, question: Callable[[Backend], Answer]) -> Answer:
        previous = self._unanswered
        if previous is not None:  # its dialog may still be open: do not open a second one
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
    Find the keyring of this operating system.

    If the environment chooses a backend for the package `keyring` that is not one of the operating system's, there is
    no keyring.
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
