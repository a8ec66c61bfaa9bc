# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The files and folders of the embedded backend, which belong to its user alone.

A mode that lets other users read is set right and said in the log. What another user owns, could have written or could
replace is refused, as ssh does. On Windows files have no modes; there the user's own folder has the rights.
"""

import errno
import logging
import os
import shlex
import stat
import threading
from contextlib import suppress
from itertools import chain, takewhile
from pathlib import Path
from typing import BinaryIO

from valetkey.errors import StoreError
from valetkey.store.another import ANOTHER_STORE

_logger = logging.getLogger("valetkey")

creation: "threading.RLock" = threading.RLock()
"""Held while a new file is open, see `prepare_file`, or a lease is taken or released: by the garbage collector too."""

_OF_SQLITE = ("-journal", "-wal", "-shm", "")
"""What SQLite keeps beside a file and reads before it; the file itself comes last."""

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class UnsafePlace(StoreError):
    """A file or folder that other users could read or change; its hint says how it becomes safe."""


def prepare_folder(folder: Path, *, is_ours: bool = False) -> None:
    """Create a folder that only its owner can use, or check the one that is there."""
    try:
        check_folder(folder, is_ours=is_ours)
    except (FileNotFoundError, NotADirectoryError):
        missing = takewhile(lambda path: not path.exists(), chain((folder,), folder.parents))
        with suppress(FileExistsError):  # a link that leads nowhere, or a file: the check says so
            for path in reversed(list(missing)):
                path.mkdir(mode=0o700, exist_ok=True)  # with `parents=True` only the last one would get the mode
        check_folder(folder, is_ours=is_ours)


def prepare_file(path: Path) -> os.stat_result:
    """
    Create a file that only its owner can read, or check the one that is there. SQLite would take the umask's mode.

    An existing file is not opened, and no thread uses a new one before it is closed here: closing a file drops all
    locks of this process on it (POSIX). What is given is its `lstat`.
    """
    with suppress(FileNotFoundError):
        return check_file(path)
    # O_EXCL: neither an existing file nor a symbolic link is opened
    with suppress(FileExistsError), creation:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    return check_file(path)


def check_folder(folder: Path, *, is_ours: bool = False) -> None:
    """
    Refuse a folder that another user owns, or in which he could replace a file.

    A sticky folder such as /tmp is refused too: another user could put a journal beside the file, and SQLite would
    apply it. One that is ours alone, `is_ours`, is also closed to readers: who can read a lock file can lock it.
    """
    link = os.lstat(folder)
    if os.name != "posix":
        return
    target = os.stat(folder) if stat.S_ISLNK(link.st_mode) and folder.is_dir() else link
    if stat.S_ISLNK(target.st_mode):
        raise _unsafe(folder, "is a symbolic link that leads to no folder", "Make that folder")
    if {link.st_uid, target.st_uid} - {os.geteuid(), 0}:
        raise _unsafe(folder, "belongs to another user", "" if is_ours else _in_new_folder(folder))
    if target.st_mode & _OTHERS_WRITE:
        is_given = target.st_uid != os.geteuid() or target.st_mode & stat.S_IWOTH  # /tmp, or a volume of a container
        hint = _in_new_folder(folder) if is_given and not is_ours else _take_away(folder, "0700")
        raise _unsafe(folder, "can be written by other users", hint)
    if is_ours and target.st_mode & _OTHERS and target.st_uid == os.geteuid():
        os.chmod(folder, 0o700)
    _check_above(str(folder), link)


def check_file(path: Path) -> os.stat_result:
    """
    Refuse a file of the store that another user could have written, and close it to readers; give its `lstat`.

    The same holds for what SQLite keeps beside it, which it would apply to the file or leaves an old token in.
    """
    for name in _OF_SQLITE[:-1]:
        with suppress(FileNotFoundError):
            _check_one(f"{path}{name}")
    return _check_one(str(path))


def open_ordinary(path: Path) -> BinaryIO:
    """Open a file to read that the user has named: a link is followed, and a pipe is refused, not waited for."""
    file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115 - the caller closes it
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is no ordinary file")
    return file


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _check_one(path: str) -> os.stat_result:
    found = os.lstat(path)
    if os.name != "posix" or stat.S_ISDIR(found.st_mode):  # SQLite refuses a folder
        return found
    if stat.S_ISLNK(found.st_mode):
        raise _unsafe(path, "is a symbolic link", "Name the file that it leads to")
    if stat.S_ISCHR(found.st_mode) or stat.S_ISBLK(found.st_mode):
        raise _unsafe(path, "is a device")
    if not stat.S_ISREG(found.st_mode):  # opening a pipe would wait for ever
        raise _unsafe(path, "is no ordinary file", "Remove it")
    if found.st_uid not in (os.geteuid(), 0):
        raise _unsafe(path, "belongs to another user", "Move it away")
    if found.st_mode & _OTHERS_WRITE:
        hint = f"If you trust what is in it, {_take_away(path, '0600')}"
        raise _unsafe(path, "can be written by other users", hint)
    if found.st_nlink > 1:  # a deleted token would stay readable there, and SQLite cannot keep such a file whole
        raise _unsafe(path, "has a second name (a hard link)", "Copy it, and move the copy to its place")
    is_mounted = found.st_uid != os.geteuid() and not found.st_mode & stat.S_IRWXO  # by root, for a group of this user
    return found if is_mounted or not found.st_mode & _OTHERS else _closed(path, found)


def _closed(path: str, found: os.stat_result) -> os.stat_result:
    """Close a file to other users. By its path: opening it would drop the locks of this process, see `prepare_file`."""
    with suppress(OSError):  # read-only, or another user's
        os.chmod(path, found.st_mode & (stat.S_IRUSR | stat.S_IWUSR))
    now = os.lstat(path)
    if now.st_mode & _OTHERS:  # a file system without modes
        raise _unsafe(path, "can be read by other users, and cannot be closed to them", "Let its owner run chmod 600")
    _logger.warning(
        "%s could be read by other users (mode %04o), and has mode %04o now. If others use this computer, log out and "
        "in again.",
        *(path, stat.S_IMODE(found.st_mode), stat.S_IMODE(now.st_mode)),
    )
    return now


def _check_above(folder: str, found: os.stat_result) -> None:
    """
    Refuse a way to the folder through a folder of another user in one that all can write, such as /tmp.

    Where the way leads through links, the one that it means is looked at too. `found` is the folder's `lstat`.
    """
    below, has_link = folder, stat.S_ISLNK(found.st_mode) or ".." in folder
    while (above := os.path.dirname(below)) != below:
        there = os.lstat(above)
        is_link = stat.S_ISLNK(there.st_mode)
        has_link = has_link or is_link
        is_open = (os.stat(above) if is_link else there).st_mode & stat.S_IWOTH
        if is_open and found.st_uid not in (os.geteuid(), 0):
            raise _unsafe(below, "belongs to another user")
        below, found = above, there
    if has_link and (meant := os.path.realpath(folder)) != folder:
        _check_above(meant, os.lstat(meant))


def _in_new_folder(folder: Path) -> str:
    """Say how a folder that is given to several users can be used, if this one can make a folder in it."""
    file = folder.as_posix().rstrip("/") + "/valetkey/credentials.db"
    hint = f"Name a file in a new folder there, which is made with mode 0700, as in sqlite:///{file}"
    return hint if os.access(folder, os.W_OK | os.X_OK) else ""


def _take_away(path: Path | str, mode: str) -> str:
    return f"take the rights of others away: chmod {mode} {shlex.quote(str(path))}"


def _unsafe(path: Path | str, fault: str, first: str = "") -> StoreError:
    hint = f"{first}; or {ANOTHER_STORE}." if first else f"{ANOTHER_STORE}."
    error = UnsafePlace(f"{path} {fault}, so it is no place for sessions.", hint=hint[0].upper() + hint[1:])
    error.__cause__ = PermissionError(errno.EPERM, fault)
    return error
