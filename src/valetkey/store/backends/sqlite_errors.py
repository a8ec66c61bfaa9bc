# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What goes wrong with a file of sessions: what passes by itself, and what the user has to mend."""

import os
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from valetkey.errors import StoreBusy, StoreError
from valetkey.store.another import ANOTHER_STORE
from valetkey.store.backends.file_names import in_folder


@contextmanager
def as_store_error(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system say into a `StoreError`."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:  # SQLite quotes a damaged file in its messages
        if path.is_dir():
            message = f"The session store {path} cannot be used: it is a folder."
            raise StoreError(message, hint=in_folder(path.as_posix())) from error
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_BUSY:
            message = f"The session store {path} is busy: other programs have kept it locked all the time."
            raise StoreBusy(message, hint=_busy_hint(path)) from error
        message = f"The session store {path} cannot be used: {error}."
        hint = "Check the disk and the file's rights; if the file is damaged, move it away and log in again."
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            hint = f"Check the file's rights and the folder's: this user has to write both; or {ANOTHER_STORE}."
        raise StoreError(message, hint=hint) from error
    except OSError as error:
        message = f"The session store {path} cannot be used: {error.strerror or error}."
        hint = f"Check the disk and the folder's rights, or {ANOTHER_STORE}."
        raise StoreError(message, hint=hint) from error


def _busy_hint(path: Path) -> str:
    if os.name != "posix":
        return "Try again in a moment."
    file = shlex.quote(str(path))
    return f"Try again in a moment; if that does not help, see which program keeps it: `fuser -v {file}`."
