# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Opening a file that a user has named to write into: what it had is lost, and only its owner may read it."""

import errno
import os
import stat
from io import FileIO
from pathlib import Path


def open_named(path: Path) -> FileIO:
    """
    Open a file to write into; an `OSError` says why not.

    A file of another user is refused, and a link that another user has made: in a folder of all users, such a link may
    lead to any file of this one. A pipe is opened if a program reads it, without waiting for one.
    """
    descriptor = os.open(path, _flags(path), 0o600)
    try:
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode):
            _require_ours(found)
            if hasattr(os, "fchmod"):
                os.fchmod(descriptor, 0o600)  # one that was there may have been open to others
            os.ftruncate(descriptor, 0)
        if hasattr(os, "O_NONBLOCK"):
            os.set_blocking(descriptor, True)
    except BaseException:
        os.close(descriptor)
        raise
    return FileIO(descriptor, "w")  # without a buffer: what is written is in the file, also if the process is killed


def _flags(path: Path) -> int:
    flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        found = os.lstat(path)
    except OSError:  # it is not there, or `open` says why it is not found
        return flags | getattr(os, "O_NOFOLLOW", 0)
    if not stat.S_ISLNK(found.st_mode):
        return flags | getattr(os, "O_NOFOLLOW", 0)
    if found.st_uid != 0:  # those of the system, such as /dev/stderr, lead where they say
        _require_ours(found)
    return flags


def _require_ours(found: os.stat_result) -> None:
    if hasattr(os, "geteuid") and found.st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, "it belongs to another user")
