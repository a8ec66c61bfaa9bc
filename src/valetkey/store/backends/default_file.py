# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The embedded backend at the default place, which is looked up when it is first needed.

A program that only talks to open servers needs no place, and so notices nothing where there is none.
"""

import errno
import threading
from typing import TYPE_CHECKING, TypeVar

from valetkey.errors import StoreError
from valetkey.store.default_place import NAME_A_PLACE, default_path
from valetkey.store.protocol import ANY, Condition, Lease, Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from valetkey.store.backends.sqlite import SqliteStore

_NO_PLACE = frozenset(
    {
        *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR),
        *(errno.ENOSPC, errno.EDQUOT, errno.ENAMETOOLONG, errno.ELOOP),
    }
)
"""What the system says where no file can be made; not what passes, such as too many open files."""

Result = TypeVar("Result")


class DefaultFile:
    """Sessions in the file that `default_path` names. Its errors say how to name another place."""

    def __init__(self) -> None:
        self._looking_up = threading.Lock()  # guards _file
        self._file: SqliteStore | None = None

    @property
    def place(self) -> str:
        """The path of the file; empty where there is none."""
        file = self._found()
        return "" if file is None else file.place

    def get(self, key: str) -> Record | None:
        """Read a record; None also where there is no place, and so no record."""
        file = self._found()
        return None if file is None else _ask(lambda: file.get(key))

    def put(self, key: str, value: bytes, *, if_version: Condition = ANY) -> str:
        """Write a record."""
        return _ask(lambda: self._required().put(key, value, if_version=if_version))

    def delete(self, key: str, *, if_version: Condition = ANY) -> bool:
        """Delete a record."""
        return _ask(lambda: self._required().delete(key, if_version=if_version))

    def lease(self, key: str, *, seconds: float) -> Lease | None:
        """Try to take the lease of a record."""
        return _ask(lambda: self._required().lease(key, seconds=seconds))

    def keys(self) -> list[str]:
        """Give the keys of all records."""
        file = self._found()
        return [] if file is None else _ask(file.keys)

    def close(self) -> None:
        """Do nothing: the file is only open while it is used."""

    def _found(self) -> "SqliteStore | None":
        try:
            return self._required()
        except StoreError:
            return None

    def _required(self) -> "SqliteStore":
        from valetkey.store.backends.sqlite import SqliteStore

        with self._looking_up:
            if self._file is None:
                self._file = SqliteStore(default_path())
            return self._file


def is_place_unusable(error: StoreError) -> bool:
    """Tell whether a file cannot be made or written where it should be, now and later."""
    from sqlite3 import SQLITE_CANTOPEN, SQLITE_FULL, SQLITE_PERM, SQLITE_READONLY, OperationalError

    cause = error.__cause__
    if isinstance(cause, OperationalError):  # an extended code has the plain one in its last byte
        code: int | None = getattr(cause, "sqlite_errorcode", None)
        return code is not None and code & 0xFF in (SQLITE_CANTOPEN, SQLITE_FULL, SQLITE_PERM, SQLITE_READONLY)
    return isinstance(cause, OSError) and cause.errno in _NO_PLACE


def _ask(act: "Callable[[], Result]") -> Result:
    from valetkey.store.backends.private_files import UnsafePlace

    try:
        return act()
    except UnsafePlace:
        raise  # its hint says more
    except StoreError as error:
        if not is_place_unusable(error):
            raise
        raise error.with_hint(NAME_A_PLACE) from error.__cause__
