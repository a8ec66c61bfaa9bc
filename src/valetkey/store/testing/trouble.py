# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A full disk, for backends that write a file."""

from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from valetkey.errors import StoreError
from valetkey.store.testing.processes import child
from valetkey.store.testing.promise import Open, expect, new_key

_LARGE = b"new" * 10_000


def check_full_disk(open_store: Open, path: Path) -> None:
    """
    On a full disk, a write raises `StoreError` and the old value stays; when there is room again, a write succeeds.

    The disk is not really full: another process runs under a limit for the size of files (`RLIMIT_FSIZE`, POSIX).

    :param open_store: Opens the store.
    :param path: The file the store writes.
    :raises AssertionError: If a promise is broken.
    """
    with child(_fill, open_store, path, new_key()) as writer:
        expect(writer.hear() == "refused", "a write that does not fit is a StoreError")
        expect(writer.hear() == b"old", "the old value stays")
        expect(writer.hear() == _LARGE, "a write succeeds when there is room again")


def _fill(open_store: Open, pipe: "Connection[Any, Any]", path: Path, key: str) -> None:
    import resource

    store = open_store()
    store.put(key, b"old")
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, most))
    try:
        store.put(key, _LARGE)
        pipe.send("written")
    except StoreError:
        pipe.send("refused")
    record = store.get(key)
    pipe.send(record.value if record else None)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    store.put(key, _LARGE)
    record = store.get(key)
    pipe.send(record.value if record else None)
    store.delete(key)
