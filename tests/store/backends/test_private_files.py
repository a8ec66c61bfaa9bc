# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Whose the files of the embedded store are: what is closed to other users, and what is refused."""

import logging
import os
import re
import shlex
import socket
import sqlite3
import stat
import subprocess
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.processes.child import Child
from tests.requirements import requirement
from valetkey.errors import ConfigurationError, StoreBusy, StoreError
from valetkey.migrate.foreign import read_file
from valetkey.store import default_path, open_store
from valetkey.store.backends.private_files import check_file, open_ordinary
from valetkey.store.backends.sqlite import SqliteStore
from valetkey.store.encryption.keys import KEY_FILE_VARIABLE, DataKey, given_keys

NOBODY = 65534

WIDE = [0o644, 0o640, 0o604, 0o444, 0o440, 0o755, 0o611]

USES = {
    "get": lambda store: store.get("key"),
    "put": lambda store: store.put("key", b"2"),
    "delete": lambda store: store.delete("key"),
    "keys": lambda store: store.keys(),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "valetkey" / "credentials.db"


@pytest.fixture
def store(path):
    store = SqliteStore(path)
    store.put("key", b"1")
    return store


@pytest.fixture
def locks(path, store):
    store.lease("key", seconds=20).release()
    return path.with_name("credentials.db.locks")


def mode_of(path):
    return stat.S_IMODE(path.lstat().st_mode)


def give_away(path, monkeypatch):
    """Let a file belong to another user than this process."""
    if os.geteuid() == 0:
        os.chown(path, NOBODY, -1, follow_symlinks=False)
    else:
        me = os.geteuid()  # an ordinary user cannot give a file away, so this process takes another name
        monkeypatch.setattr(os, "geteuid", lambda: me + 1)


@pytest.mark.parametrize("mode", WIDE, ids="{:04o}".format)
@pytest.mark.parametrize("use", USES.values(), ids=USES)
@requirement("SEC-11")
def test_a_file_that_others_can_read_is_closed_to_them_and_said_once(path, store, mode, use, caplog):
    """Row I10."""
    path.chmod(mode)
    path.parent.chmod(0o755)
    for _ in range(2):
        with suppress(StoreError):  # what its owner made read-only stays so
            use(SqliteStore(path))
    assert mode_of(path) == mode & 0o600
    (said,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert f"{path} could be read by other users (mode {mode:04o})" in said.getMessage()
    assert "log out and in again" in said.getMessage()


@requirement("SEC-11")
def test_the_records_of_a_file_that_others_could_read_stay(path, store):
    """Row I10."""
    path.chmod(0o644)
    assert store.get("key").value == b"1"


@pytest.mark.parametrize("way", ["a name", "the environment"])
def test_a_store_that_is_named_is_closed_to_others_too(path, store, way, monkeypatch):
    """Row I10."""
    path.chmod(0o644)
    name = f"sqlite:///{path}"
    monkeypatch.setenv("VALETKEY_STORE", name)
    assert open_store(name if way == "a name" else None).get("key").value == b"1"
    assert mode_of(path) == 0o600


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700], ids="{:04o}".format)
def test_a_file_of_its_owner_alone_keeps_its_mode_without_a_word(path, store, mode, caplog):
    path.chmod(mode)
    store.get("key")
    assert mode_of(path) == mode
    assert caplog.records == []


@pytest.mark.parametrize("name", ["credentials.db-journal", "credentials.db-wal", "credentials.db-shm"])
@requirement("SEC-11")
def test_what_sqlite_keeps_beside_the_file_is_closed_to_others(path, store, name):
    """Row I10."""
    beside = path.with_name(name)
    beside.touch()
    beside.chmod(0o644)
    check_file(path)
    assert mode_of(beside) == 0o600


def plant(path, kind, elsewhere):
    """Put something else than a file of one's own in a place."""
    path.unlink(missing_ok=True)
    match kind:
        case "link":
            elsewhere.touch(mode=0o600)
            path.symlink_to(elsewhere)
        case "dangling link":
            path.symlink_to(elsewhere)
        case "hard link":
            elsewhere.touch(mode=0o600)
            path.hardlink_to(elsewhere)
        case "pipe":
            os.mkfifo(path, 0o600)
        case "socket":
            here = os.getcwd()
            os.chdir(path.parent)  # the name of a socket is at most some hundred characters long
            try:
                with closing(socket.socket(socket.AF_UNIX)) as bound:
                    bound.bind(path.name)
            finally:
                os.chdir(here)
            path.chmod(0o600)


KINDS = {
    "link": "is a symbolic link",
    "dangling link": "is a symbolic link",
    "hard link": r"has a second name \(a hard link\)",
    "pipe": "is no ordinary file",
    "socket": "is no ordinary file",
}


@pytest.mark.parametrize("name", ["credentials.db", "credentials.db-journal", "credentials.db-wal"])
@pytest.mark.parametrize("kind", KINDS)
@requirement("SEC-11")
def test_what_is_no_file_of_its_own_is_refused_and_neither_opened_nor_changed(path, store, name, kind, tmp_path):
    """Row I10."""
    elsewhere = tmp_path / "elsewhere"
    plant(path.with_name(name), kind, elsewhere)
    for use in USES.values():
        with pytest.raises(StoreError, match=KINDS[kind]) as caught:
            use(store)
        assert "VALETKEY_STORE" in caught.value.hint
    assert not elsewhere.exists() or elsewhere.read_bytes() == b""


def test_no_hint_says_to_remove_a_device():
    """A user with all rights would follow it."""
    with pytest.raises(StoreError, match="is a device") as caught:
        open_store("sqlite:////dev/null").get("key")
    assert "Remove" not in caught.value.hint


@pytest.mark.parametrize("kind", KINDS)
@requirement("SEC-11")
def test_what_is_no_file_of_its_own_is_no_lock(store, locks, kind, tmp_path):
    """Row I10."""
    (lock,) = locks.iterdir()
    plant(lock, kind, tmp_path / "elsewhere")
    with pytest.raises(StoreError, match=KINDS[kind]):
        store.lease("key", seconds=20)


@requirement("SEC-11")
def test_the_files_of_leases_are_closed_to_others(store, locks):
    """Another user who can read a lock file can lock it, for ever. Row I10."""
    (lock,) = locks.iterdir()
    lock.chmod(0o644)
    locks.chmod(0o755)
    store.lease("key", seconds=20).release()
    assert (mode_of(lock), mode_of(locks)) == (0o600, 0o700)


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777], ids="{:04o}".format)
@requirement("SEC-11")
def test_a_folder_of_leases_that_others_can_write_is_refused(store, locks, mode):
    """Row I18."""
    locks.chmod(mode)
    with pytest.raises(StoreError, match=r"credentials\.db\.locks can be written by other users"):
        store.lease("key", seconds=20)


@requirement("SEC-11")
def test_a_folder_of_leases_that_belongs_to_another_user_is_refused(store, locks, monkeypatch):
    """Row I18."""
    give_away(locks, monkeypatch)
    with pytest.raises(StoreError, match="belongs to another user"):
        store.lease("key", seconds=20)


@requirement("SEC-11")
def test_a_lock_that_belongs_to_another_user_is_refused(store, locks, monkeypatch):
    """Row I18."""
    (lock,) = locks.iterdir()
    give_away(lock, monkeypatch)
    with pytest.raises(StoreError, match="belongs to another user"):
        store.lease("key", seconds=20)


@pytest.mark.parametrize("name", ["credentials.db", "credentials.db-journal"])
@requirement("SEC-11")
def test_a_file_of_another_user_is_refused(path, store, name, monkeypatch):
    """Row I10."""
    path.with_name(name).touch(mode=0o600)
    give_away(path.with_name(name), monkeypatch)
    for use in USES.values():
        with pytest.raises(StoreError, match="belongs to another user"):
            use(store)


@pytest.mark.parametrize("mode", [0o777, 0o1777], ids="{:04o}".format)
@requirement("SEC-11")
def test_a_way_through_another_users_folder_in_a_folder_that_all_can_write_is_refused(tmp_path, mode, monkeypatch):
    """That user could put another folder in the place of ours at any moment. Row I10."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(mode)
    theirs = tmp_path / "shared" / "theirs"
    theirs.mkdir()
    store = SqliteStore(theirs / "valetkey" / "credentials.db")
    store.put("key", b"1")
    give_away(theirs, monkeypatch)
    for use in [*USES.values(), lambda store: store.lease("key", seconds=20)]:
        with pytest.raises(StoreError, match="belongs to another user"):
            use(store)


@requirement("SEC-11")
def test_a_folder_of_ones_own_in_a_folder_that_all_can_write_is_a_place(tmp_path):
    """Such as the one for temporary files, and the volumes of many containers."""
    tmp_path.chmod(0o1777)
    store = SqliteStore(tmp_path / "valetkey" / "credentials.db")
    store.put("key", b"1")
    assert store.get("key").value == b"1"


def refusal_of(store):
    with pytest.raises(StoreError, match="so it is no place for sessions") as caught:
        store.put("key", b"1")
    assert "name another store" in caught.value.hint.lower()
    return caught.value


def follow(hint):
    """Run the command in a hint, as its reader would."""
    command = re.search(r"chmod .*(?=; or )", hint)
    subprocess.run(shlex.split(command[0]), check=True)


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o2777], ids="{:04o}".format)
def test_a_new_folder_in_a_folder_for_all_is_a_place_as_the_refusal_says(tmp_path, mode):
    """As `/tmp`, or a volume of a container, whose mode its user cannot change. Row I10."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(mode)
    refusal = refusal_of(SqliteStore(tmp_path / "data" / "credentials.db"))
    named = re.search(r"as in (sqlite:\S+);", refusal.hint)[1]
    open_store(named).put("key", b"1")
    assert mode_of(tmp_path / "data" / "valetkey") & 0o777 == 0o700
    assert mode_of(tmp_path / "data") == mode


def test_a_new_folder_in_a_folder_of_another_user_is_a_place_where_it_can_be_made(tmp_path, monkeypatch):
    """As root in a container finds a folder of its host. Row I10."""
    (tmp_path / "data").mkdir()
    give_away(tmp_path / "data", monkeypatch)
    store = SqliteStore(tmp_path / "data" / "credentials.db")
    assert "as in sqlite:///" in refusal_of(store).hint
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert refusal_of(store).hint.startswith("Name another store")


@pytest.mark.parametrize("what", ["file", "folder", "locks"])
def test_the_rights_of_others_are_taken_away_as_the_refusal_says(tmp_path, what):
    """As with a umask of 002, or where a volume's files are given to a group. Row I10."""
    store = SqliteStore(tmp_path / "a folder" / "credentials.db")
    store.lease("key", seconds=20).release()
    store.put("key", b"1")
    file = Path(store.place)
    path = {"file": file, "folder": file.parent, "locks": file.with_name("credentials.db.locks")}[what]
    path.chmod(0o775 if what != "file" else 0o664)
    use = {"file": lambda: store.put("key", b"1")}.get(what, lambda: store.lease("key", seconds=20))
    with pytest.raises(StoreError, match="can be written by other users") as caught:
        use()
    follow(caught.value.hint)
    store.lease("key", seconds=20).release()
    store.put("key", b"2")
    assert store.get("key").value == b"2"


def test_a_link_that_leads_to_no_folder_is_said(tmp_path):
    """Row I10."""
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    refusal = refusal_of(SqliteStore(tmp_path / "link" / "credentials.db"))
    assert "is a symbolic link that leads to no folder" in refusal.message
    assert refusal.hint.startswith("Make that folder; or")
    (tmp_path / "nowhere").mkdir(mode=0o700)
    SqliteStore(tmp_path / "link" / "credentials.db").put("key", b"1")


def test_what_the_default_place_lacks_is_said_too(tmp_path, monkeypatch):
    """Row I10."""
    for variable in ("HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.delenv("VALETKEY_STORE", raising=False)
    store = open_store()
    store.put("key", b"1")
    Path(default_path()).chmod(0o664)
    follow(refusal_of(store).hint)
    assert store.get("key").value == b"1"


@requirement("SEC-11")
def test_a_file_system_that_cannot_close_a_file_is_refused(path, store, monkeypatch):
    """Row I10."""
    path.chmod(0o644)
    monkeypatch.setattr(os, "chmod", lambda *_: None)
    for use in USES.values():
        with pytest.raises(StoreError, match="can be read by other users"):
            use(store)


def test_an_ordinary_user_gets_the_same(open_folder):
    """Row I10."""
    place = open_folder / "of-another-user"
    place.mkdir(exist_ok=True)
    (place / "of-root").mkdir(mode=0o755)
    for mode in (0o644, 0o640):
        (place / "of-root" / f"{mode:o}.db").touch()
        (place / "of-root" / f"{mode:o}.db").chmod(mode)
    home = place / "home"
    home.mkdir()
    if os.geteuid() == 0:
        os.chown(home, NOBODY, NOBODY)
        os.chown(place / "of-root" / "640.db", 0, NOBODY)
    with Child(AS_ANOTHER_USER, home, place / "of-root", NOBODY) as child:
        said = [child.hear() for _ in range(5)]
    refused = "can be read by other users" if os.geteuid() == 0 else "None"  # its own file, which it may close
    assert said == ["b'1'", "0600", "is a symbolic link", refused, "None"]


AS_ANOTHER_USER = """
    import os, sys
    from pathlib import Path
    from valetkey.errors import StoreError
    from valetkey.store.backends.sqlite import SqliteStore
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(int(sys.argv[3]))
        os.setuid(int(sys.argv[3]))
    store = SqliteStore(Path(sys.argv[1]) / "valetkey" / "credentials.db")
    store.put("key", b"1")
    os.chmod(store.place, 0o644)
    print(store.get("key").value, flush=True)
    print(f"{os.stat(store.place).st_mode & 0o777:04o}", flush=True)
    os.rename(store.place, store.place + ".moved")
    os.symlink(store.place + ".moved", store.place)
    def ask(store):
        try:
            return str(store.get("key"))
        except StoreError as error:
            return error.message.partition(".db ")[2].partition(",")[0]
    print(ask(store), flush=True)
    print(ask(SqliteStore(Path(sys.argv[2]) / "644.db")), flush=True)
    print(ask(SqliteStore(Path(sys.argv[2]) / "640.db")), flush=True)
"""


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_a_key_is_not_waited_for(tmp_path, kind):
    """Row I10."""
    plant(tmp_path / "store.key", kind, tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="cannot be read") as caught:
        given_keys({KEY_FILE_VARIABLE: str(tmp_path / "store.key")})
    assert KEY_FILE_VARIABLE in caught.value.hint


def test_a_key_behind_a_link_is_read(tmp_path):
    key = DataKey.random()
    (tmp_path / "store.key").touch(mode=0o600)
    (tmp_path / "store.key").write_text(key.write())
    (tmp_path / "link").symlink_to(tmp_path / "store.key")
    assert given_keys({KEY_FILE_VARIABLE: str(tmp_path / "link")}).first == key


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_a_file_of_another_program_is_not_waited_for(tmp_path, kind):
    plant(tmp_path / "tokens.json", kind, tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_file(tmp_path / "tokens.json")


def test_a_file_of_another_program_is_read_and_not_changed(tmp_path):
    (tmp_path / "tokens.json").write_text("{}")
    (tmp_path / "tokens.json").chmod(0o644)
    assert read_file(tmp_path / "tokens.json") == "{}"
    assert mode_of(tmp_path / "tokens.json") == 0o644


def test_an_ordinary_file_is_opened():
    with open_ordinary(Path(__file__)) as file:
        assert file.read(1) == b"#"


def test_another_program_that_keeps_the_file_locked_is_said_in_time(path, store, monkeypatch):
    """A file that is busy is not damaged, and must not be moved away."""
    monkeypatch.setattr("valetkey.store.backends.sqlite_turns._WAIT_SECONDS", 0.01)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        for use in USES.values():
            with pytest.raises(StoreBusy, match="locked") as caught:
                use(SqliteStore(path))
            assert caught.value.hint.startswith("Try again")
            assert f"`fuser -v {path}`" in caught.value.hint
            assert "move" not in caught.value.hint
