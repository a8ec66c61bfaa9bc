# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Where the default store is, and what happens where there is no place for it."""

import json
import logging
import sqlite3
from pathlib import Path

import platformdirs
import pytest

from tests.adapters.server import McpServer
from tests.processes.child import Child
from valetkey.errors import StoreError
from valetkey.httpx2 import OAuth
from valetkey.store import ENVIRONMENT, default_path, open_store
from valetkey.store.backends.default_file import DefaultFile, is_place_unusable
from valetkey.store.backends.memory import MemoryStore
from valetkey.store.encryption.protection import describe
from valetkey.store.machine_store import MachineStore
from valetkey.store.opening import open_machine_store

PROGRAM = """
    import json, logging, os, sys
    home, kind, url = sys.argv[1:]
    import httpx2, platformdirs, pwd
    from valetkey import AuthError
    from valetkey.httpx2 import OAuth
    from valetkey.login import PrintedLink
    from valetkey.settings import Settings
    from valetkey.store.backends import default_file, sqlite

    report = {"log": []}
    class Note(logging.Handler):
        def emit(self, record):
            if record.levelno >= logging.WARNING:
                report["log"].append(record.getMessage())

    machine = Settings(url=url, client_id="job", client_secret="s3cret", issuer=url.rpartition("/")[0])
    person = Settings(url=url)
    def program(settings, login, **store):
        auth = OAuth(url, settings=settings, login=login, **store)
        with httpx2.Client(auth=auth) as client:
            return [client.post(url).status_code for _ in range(2)]

    try:  # load everything while it can be read
        program(machine, "never", store="memory:")
        program(person, "never", store="memory:")
    except AuthError:
        pass
    if os.geteuid() == 0:  # modes do not bind root
        os.setgroups([])
        os.setgid(12345)
        os.setuid(12345)

    os.environ["HOME"] = home
    def nobody(uid):
        raise KeyError(uid)
    def no_folder(*_, **__):
        raise RuntimeError("Could not determine home directory.")
    if home == "unset":
        del os.environ["HOME"]
        pwd.getpwuid = nobody
    if home == "raises":
        platformdirs.user_data_path = no_folder

    logging.getLogger("valetkey").addHandler(Note())
    for _ in range(2):
        try:
            report.setdefault("answers", []).append(program(machine if kind == "machine" else person, PrintedLink()))
        except AuthError as error:
            report["error"] = [type(error).__name__, error.message, error.hint]
    print(json.dumps(report))
"""


def run(server, home, kind):
    environment = {ENVIRONMENT: "", "XDG_DATA_HOME": "", "VALETKEY_STORE_KEY": ""}
    with Child(PROGRAM, home, kind, server.url, environment=environment) as child:
        return json.loads(child.succeed())


@pytest.fixture
def server():
    with McpServer() as running:
        running.authorization.knows("job", secret="s3cret")
        running.authorization.requests.clear()
        yield running


NOWHERE = ("unset", "relative/home", "raises", "/dev/null", "/", "/root")
"""Homes without a place for a file: none at all, no absolute one, a device, folders of another user."""


@pytest.mark.parametrize("home", NOWHERE)
def test_an_open_server_notices_nothing_of_a_missing_place(home):
    """Row G1."""
    with McpServer(wants_login=False) as server:
        report = run(server, home, "open")
    assert report["answers"] == [[200, 200]] * 2
    assert "error" not in report
    assert home == "/root" or report["log"] == []


@pytest.mark.parametrize("home", NOWHERE)
def test_a_person_is_told_which_variable_names_a_place_before_a_browser_is_opened(server, home):
    """Rows G1, G2."""
    report = run(server, home, "person")
    name, message, hint = report["error"]
    assert name == "StoreError"
    assert "session store" in message
    assert "VALETKEY_STORE" in hint
    assert "memory:" in hint
    assert server.authorization.registrations() == []


@pytest.mark.parametrize("home", NOWHERE)
def test_a_machine_goes_on_in_memory_with_one_warning(server, home):
    """Row G2."""
    report = run(server, home, "machine")
    assert report["answers"] == [[200, 200]] * 2
    (warning,) = report["log"]
    for word in ("session store", "VALETKEY_STORE", "memory:"):
        assert word in warning
    assert home in warning or not home.startswith("/")
    # One for the store that the program names at first, one for both of its later clients.
    assert server.authorization.grant_types() == ["client_credentials"] * 2


class Disk:
    """A store whose place fails when it is told to."""

    def __init__(self, trouble=None):
        self.trouble = trouble
        self.kept = MemoryStore()

    def __getattr__(self, name):
        if self.trouble is not None:
            message = "The session store /x cannot be used."
            raise StoreError(message, hint="Check the disk.") from self.trouble
        return getattr(self.kept, name)


def sqlite_error(code):
    error = sqlite3.OperationalError("trouble")
    error.sqlite_errorcode = code
    return error


LASTING = {
    "no permission": PermissionError(13, "Permission denied"),
    "a file system that is read-only": OSError(30, "Read-only file system"),
    "a full disk": OSError(28, "No space left on device"),
    "a full disk, as SQLite says it": sqlite_error(sqlite3.SQLITE_FULL),
    "a file that cannot be opened": sqlite_error(sqlite3.SQLITE_CANTOPEN),
    "a folder that is read-only": sqlite_error(sqlite3.SQLITE_READONLY_DIRECTORY),
}
PASSING = {
    "too many files": OSError(24, "Too many open files"),
    "another writer": sqlite_error(sqlite3.SQLITE_BUSY),
    "a damaged file": sqlite3.DatabaseError("file is not a database"),
    "a key that is missing": None,
}


@pytest.mark.parametrize("trouble", LASTING.values(), ids=LASTING.keys())
@pytest.mark.parametrize("first", ["get", "lease", "put"])
def test_a_machine_leaves_a_place_that_cannot_be_used_once_and_for_all(trouble, first, caplog):
    """Row G2."""
    disk = Disk(trouble)
    store = MachineStore(disk)
    with caplog.at_level(logging.WARNING, "valetkey"):
        {"get": store.get, "put": lambda key: store.put(key, b"0"), "lease": lambda key: store.lease(key, seconds=9)}[
            first
        ]("first")
        version = store.put("key", b"1")
        disk.trouble = None  # the disk has room again
        assert store.get("key") == (b"1", version)
        assert store.delete("key", if_version=version)
    assert disk.kept.keys() == []
    assert len(caplog.records) == 1
    store.close()


@pytest.mark.parametrize("trouble", [*PASSING.values()], ids=PASSING.keys())
def test_trouble_that_passes_or_that_a_person_must_see_stays_an_error(trouble, caplog):
    class Troubled:
        def get(self, key):
            message = f"{key} cannot be read."
            raise StoreError(message, hint="Look.") from trouble

    store = MachineStore(Troubled())
    with caplog.at_level(logging.WARNING, "valetkey"), pytest.raises(StoreError, match="key cannot be read"):
        store.get("key")
    assert caplog.records == []


def test_a_machine_that_has_written_its_file_never_leaves_it():
    """Row G2."""
    disk = Disk()
    store = MachineStore(disk)
    store.put("session", b"1")
    disk.trouble = LASTING["a full disk"]
    with pytest.raises(StoreError):
        store.put("session", b"2")
    disk.trouble = None
    assert store.get("session").value == b"1"
    store.close()


@pytest.mark.parametrize("variable", ["sqlite:////proc/no/x.db", "sqlite:////dev/null/x.db"])
def test_a_store_that_is_named_is_never_replaced(server, variable, monkeypatch, caplog):
    """Row G2."""
    monkeypatch.setenv(ENVIRONMENT, variable)
    machine = {"client_id": "job", "client_secret": "s3cret", "issuer": server.origin}
    auth = OAuth(server.url, login="never", **machine)
    with pytest.raises(StoreError, match=r"/proc|/dev/null"):
        auth.engine.replace(None)
    assert server.authorization.grant_types() == []


def test_the_default_place_is_looked_up_when_it_is_first_needed(tmp_path, monkeypatch):
    """Row G1."""
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    looked_up = []
    real = platformdirs.user_data_path
    monkeypatch.setattr(platformdirs, "user_data_path", lambda *a, **k: looked_up.append(a) or real(*a, **k))
    store = open_store()
    OAuth("https://mcp.example/mcp")
    assert looked_up == []
    assert store.get("key") is None
    store.put("key", b"1")
    assert len(looked_up) == 1
    assert default_path().is_file()
    assert open_store() is store
    assert open_machine_store().get("key").value == b"1"
    assert not describe(store).encrypted
    assert store.place == open_machine_store().place == str(default_path())
    assert store.keys() == ["key"]


def test_another_home_is_another_store(tmp_path, monkeypatch):
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    stores = []
    for name in ("one", "other", "one"):
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / name))
        stores.append((open_store(), open_machine_store()))
    assert stores[0] == stores[2]
    assert stores[0][0] is not stores[1][0]


def test_a_variable_that_names_the_store_names_that_of_a_machine_too(monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, "memory:")
    assert open_machine_store() is open_store("memory:")


def test_a_place_that_is_not_there_has_no_records_and_takes_none(monkeypatch):
    monkeypatch.setattr(platformdirs, "user_data_path", lambda *_, **__: Path("~/.local/share/valetkey"))
    file = DefaultFile()
    assert (file.get("key"), file.keys(), file.place) == (None, [], "")
    for use in (lambda: file.put("k", b"1"), lambda: file.delete("k"), lambda: file.lease("k", seconds=1)):
        with pytest.raises(StoreError, match="no absolute path") as caught:
            use()
        assert is_place_unusable(caught.value)
    file.close()
    assert not Path("~").exists()


def test_a_damaged_default_file_keeps_its_own_hint(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    default_path().parent.mkdir(mode=0o700)
    default_path().write_bytes(b"no database, but long enough to be read as one" * 100)
    default_path().chmod(0o600)
    with pytest.raises(StoreError) as caught:
        DefaultFile().get("key")
    assert "move it away" in caught.value.hint
    assert not is_place_unusable(caught.value)


def test_a_text_about_the_default_store_names_its_file(tmp_path, monkeypatch):
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with pytest.raises(StoreError, match=f"nothing encrypted in the session store {default_path()}"):
        open_store().rewrap()
