# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The system's keyring: which is used, what lies in it, and what happens when it does not answer."""

import os
import subprocess
import sys
import threading
import traceback

import pytest

from tests.fakes.keyrings import FakeKeyring
from tests.fakes.threads import LONGEST_WAIT
from tests.requirements import requirement
from valetkey.errors import StoreError, StoreLocked
from valetkey.store.encryption.keys import DataKey, Source
from valetkey.store.encryption.system_keyring import KeyringAway, SystemKeyring, system_backend

ENTRY = ("valetkey", "session store")
KEY_ID = b"\x01\x02\x03\x04"


@pytest.fixture
def backend():
    return FakeKeyring()


@pytest.fixture
def lock(tmp_path):
    return tmp_path / "valetkey" / "credentials.db"


@pytest.fixture
def keyring(backend, lock):
    return SystemKeyring(backend.find, seconds=20, lock_beside=lock)


@requirement("SEC-11")
def test_one_key_of_32_bytes_lies_in_the_keyring_and_nothing_else(backend, keyring):
    """A token would be too long for the keyring of Windows, and every write would rewrite that of GNOME."""
    key = keyring.load_or_create()
    assert list(backend.secrets) == [ENTRY]
    assert DataKey.read(backend.secrets[ENTRY]) == key
    assert key.source is Source.KEYRING


def test_the_key_that_is_there_is_used(backend, keyring, lock):
    first = keyring.load_or_create()
    again = SystemKeyring(backend.find, lock_beside=lock)
    assert again.load_or_create() == again.load(first.id) == first
    assert backend.calls.count("set") == 1


def test_of_many_who_need_a_first_key_at_once_one_makes_it(backend, lock):
    """A second one would replace the first, and what that had encrypted would be lost."""
    start, keys = threading.Barrier(8), []

    def begin():
        start.wait(LONGEST_WAIT)
        keys.append(SystemKeyring(backend.find, lock_beside=lock, seconds=20).load_or_create())

    threads = [threading.Thread(target=begin, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST_WAIT)
    assert len(keys) == 8
    assert len(set(keys)) == 1
    assert backend.calls.count("set") == 1


def test_a_keyring_that_keeps_nothing_is_none(backend, keyring):
    backend.is_forgetful = True
    with pytest.raises(KeyringAway, match="does not give back"):
        keyring.load_or_create()


def test_what_is_no_key_is_not_overwritten(backend, keyring):
    backend.secrets[ENTRY] = "somebody else's password"
    for use in (keyring.load_or_create, lambda: keyring.load(KEY_ID), keyring.answers):
        with pytest.raises(StoreError, match="is not a key") as caught:
            use()
        assert "somebody else" not in "".join(traceback.format_exception(caught.value))
    assert backend.secrets[ENTRY] == "somebody else's password"


@pytest.mark.parametrize("error", [RuntimeError("no D-Bus"), ImportError("no keyring"), OSError(5, "no answer")])
def test_a_keyring_that_is_not_there_says_why(backend, keyring, error):
    backend.error = error
    assert not keyring.answers()
    with pytest.raises(KeyringAway, match=r"no (D-Bus|keyring|answer)"):
        keyring.load_or_create()
    with pytest.raises(StoreLocked, match=r"locked: its key is in .*no (D-Bus|keyring|answer)") as caught:
        keyring.load(KEY_ID)
    assert caught.value.key_id == "01020304"
    assert "Unlock the keyring" in caught.value.hint


def test_a_key_that_is_gone_or_another_is_told_from_a_keyring_that_is(backend, keyring):
    with pytest.raises(StoreLocked, match="01020304 is not in"):
        keyring.load(KEY_ID)
    keyring.load_or_create()
    with pytest.raises(StoreLocked, match="01020304 is not in"):
        keyring.load(KEY_ID)


def test_a_keyring_that_hangs_is_waited_for_only_so_long(backend, lock):
    keyring = SystemKeyring(backend.find, seconds=0.05, lock_beside=lock)
    backend.answers.clear()
    for use in (keyring.load_or_create, lambda: keyring.load(KEY_ID)):
        with pytest.raises((KeyringAway, StoreLocked), match=r"within 0\.05 seconds"):
            use()
    assert not keyring.answers()
    assert backend.calls == ["get"], "one dialog at a time"
    backend.answers.set()


def test_a_keyring_that_has_been_unlocked_answers_again(backend, lock):
    key = SystemKeyring(backend.find, lock_beside=lock).load_or_create()
    keyring = SystemKeyring(backend.find, seconds=0.5, lock_beside=lock)
    backend.answers.clear()
    with pytest.raises(StoreLocked):
        keyring.load(key.id)
    backend.answers.set()
    assert keyring.load(key.id) == key


def test_a_fork_while_the_keyring_hangs_does_not_hang_the_child(backend, lock):
    keyring = SystemKeyring(backend.find, seconds=0.05, lock_beside=lock)
    backend.answers.clear()
    assert not keyring.answers()
    child = os.fork()
    if child == 0:
        os._exit(0 if not keyring.answers() else 1)
    assert os.waitpid(child, 0)[1] == 0
    backend.answers.set()


def test_a_hanging_keyring_does_not_keep_the_program_from_ending(tmp_path):
    program = """
import threading
from valetkey.store.encryption.system_keyring import SystemKeyring
print(SystemKeyring(lambda: threading.Event().wait(), seconds=0.05).answers())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=LONGEST_WAIT, check=True
    )
    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    "chosen", ["keyring.backends.null.Keyring", "keyrings.alt.file.PlaintextKeyring", "keyring.backends.fail.Keyring"]
)
@requirement("SEC-11")
def test_a_keyring_that_is_not_the_systems_own_is_not_used(chosen, monkeypatch):
    """`keyrings.alt` keeps secrets in a plain file; whoever chooses `null` wants no keyring."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", chosen)
    with pytest.raises(KeyringAway, match=r"PYTHON_KEYRING_BACKEND names"):
        system_backend()


def test_without_a_session_bus_there_is_no_keyring_here(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    with pytest.raises(KeyringAway, match="There is none here"):
        system_backend()


def test_without_the_package_there_is_no_keyring_either(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)  # what an import finds that is not installed
    with pytest.raises(KeyringAway, match="not installed"):
        system_backend()


@pytest.mark.parametrize(
    ("platform", "name"), [("darwin", "macOS Keychain"), ("win32", "Credential Manager"), ("linux", "desktop")]
)
def test_a_person_is_told_the_keyring_by_its_name(platform, name, monkeypatch, keyring):
    monkeypatch.setattr(sys, "platform", platform)
    assert name in keyring.name
