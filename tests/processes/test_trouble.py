# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The store in a file where the system says no: rights, a full disk. In processes that are not root's."""

import os
import shutil
import stat
import tempfile
from pathlib import Path

import pytest

from tests.processes.child import Child
from tests.requirements import requirement
from valetkey.store.backends.sqlite import SqliteStore

NOBODY = 65534

USE = """
    import os, sys
    from pathlib import Path
    from valetkey.errors import StoreError
    from valetkey.store.backends.sqlite import SqliteStore

    if os.geteuid() == 0:  # modes do not bind root
        os.setgroups([])
        os.setgid(int(sys.argv[2]))
        os.setuid(int(sys.argv[2]))
    store = SqliteStore(Path(sys.argv[1]))
    uses = {
        "get": lambda: store.get("key"),
        "put": lambda: store.put("key", b"2"),
        "delete": lambda: store.delete("key"),
        "lease": lambda: store.lease("key", seconds=20),
    }
    for name, use in uses.items():
        try:
            print(name, "done" if use() else "nothing", flush=True)
        except StoreError as error:
            print(name, "refused:", error.message, "->", error.hint)
"""


@pytest.fixture
def folder():
    """A folder that an unprivileged child can reach; those of pytest are for this user alone."""
    made = Path(tempfile.mkdtemp())
    yield made
    made.chmod(0o700)
    shutil.rmtree(made)


def filled(folder):
    path = folder / "credentials.db"
    SqliteStore(path).put("key", b"1")
    return path


def use(path, folder):
    """Use the store as an unprivileged user who owns everything in the folder."""
    if os.geteuid() == 0:
        for owned in (*folder.iterdir(), folder):
            os.chown(owned, NOBODY, NOBODY)
    with Child(USE, path, NOBODY) as child:
        return dict(line.split(" ", 1) for line in child.succeed().splitlines())


def test_in_a_folder_of_ones_own_everything_works(folder):
    path = folder / "valetkey" / "credentials.db"
    assert use(path, folder) == {"get": "nothing", "put": "done", "delete": "done", "lease": "done"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_cannot_be_written_can_still_be_read(folder):
    """A session baked into an image, or on a mount that is read-only."""
    path = filled(folder)
    path.chmod(0o400)
    folder.chmod(0o500)
    found = use(path, folder)
    assert found["get"] == "done"
    assert found["put"].startswith(f"refused: The session store {path} cannot be used: attempt to write a readonly")
    assert found["delete"].startswith("refused:")
    assert found["lease"].startswith(f"refused: The session store {path} cannot be used: Permission denied.")
    assert "VALETKEY_STORE" in found["lease"]


def test_a_folder_that_cannot_be_written_is_an_error_with_a_hint(folder):
    folder.chmod(0o500)
    found = use(folder / "valetkey" / "credentials.db", folder)
    assert found["get"] == "nothing"
    for name in ("put", "delete", "lease"):
        assert "cannot be used: Permission denied." in found[name]
        assert "Check the disk and the folder's rights, or name another store where this one is named" in found[name]


@pytest.mark.parametrize(
    ("of_file", "of_folder", "hint"),
    [
        (0o000, 0o700, "Check the file's rights and the folder's: this user has to write both; or name another store"),
        (0o600, 0o000, "Check the disk and the folder's rights, or name another store"),
    ],
    ids=["file", "folder"],
)
def test_what_cannot_be_read_is_an_error_with_a_hint(folder, of_file, of_folder, hint):
    """And not "no session": that would lead to a login whose result could not be kept."""
    path = filled(folder)
    path.chmod(of_file)
    folder.chmod(of_folder)
    found = use(path, folder)
    assert found["get"].startswith(f"refused: The session store {path} cannot be used")
    assert found["put"].startswith("refused:")
    assert hint in found["get"]


@requirement("SEC-11")
def test_a_folder_that_everybody_can_write_is_refused_although_it_is_sticky(folder):
    path = filled(folder)
    folder.chmod(0o1777)
    assert "can be written by other users" in use(path, folder)["get"]


FULL = """
    import resource, sys
    from pathlib import Path
    from valetkey.errors import StoreError
    from valetkey.store.backends.sqlite import SqliteStore

    store = SqliteStore(Path(sys.argv[1]))
    size = Path(sys.argv[1]).stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))  # as if the disk were full
    try:
        store.put("key", b"new" * 10_000)
        print("written")
    except StoreError as error:
        print("refused:", error.message, "->", error.hint)
    print(store.get("key").value[:3].decode())
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    store.put("key", b"new" * 10_000)
    print(store.get("key").value[:3].decode())
"""


def test_a_full_disk_keeps_the_old_value_until_there_is_room_for_the_new_one(tmp_path):
    path = tmp_path / "valetkey" / "credentials.db"
    SqliteStore(path).put("key", b"old")
    with Child(FULL, path) as child:
        refused, kept, written = child.succeed().splitlines()
    assert refused.startswith(f"refused: The session store {path} cannot be used: ")
    assert "Check the disk" in refused
    assert (kept, written) == ("old", "new")
    assert [entry.name for entry in path.parent.iterdir()] == ["credentials.db"]
