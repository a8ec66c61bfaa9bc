# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The files that a user names for a command to write into: one rule for all of them.

A path leads to a file, which may be there or not, or to standard error. A session store has rules of its own.
"""

import errno
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

from valetkey._cli.outcome import CommandFailed, ExitCode

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_ANOTHER_FOLDER = "Name a file in a folder that you may write to."


def require_file(path: Path, what: str) -> None:
    """Refuse a path that leads to no file, before the command begins; `what` is to be written there, in one word."""
    try:
        found = _look_at(path)
    except OSError as error:
        raise _not_written(path, what, error.strerror or str(error), _ANOTHER_FOLDER) from error
    if found is None:
        return
    hint = f"Name a file for the {what}, or /dev/stderr."
    if _has_result(found):
        message = f"The {what} and the result cannot both go to standard output."
        raise CommandFailed(message, hint=hint, code=ExitCode.USAGE)
    if not stat.S_ISREG(found.st_mode) and not _is_at(2, found):
        raise _not_written(path, what, f"it is {_KINDS.get(stat.S_IFMT(found.st_mode), 'no file')}", hint)


def write_file(path: Path, what: str, content: bytes) -> None:
    """Write a whole file, which only its owner may read; what was in it is lost."""
    from io import BufferedWriter

    from valetkey.events.named_file import open_named

    try:
        with open_named(path) as file, BufferedWriter(file) as whole:
            whole.write(content)
    except OSError as error:
        raise _not_written(path, what, error.strerror or str(error), _ANOTHER_FOLDER) from error


def _look_at(path: Path) -> os.stat_result | None:
    """Give what is there, or None if a file can be made there; an `OSError` says why nothing can be written."""
    try:
        found, place = path.stat(), path
    except FileNotFoundError:
        found, place = None, path.absolute().parent
        place.stat()
    if not os.access(place, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return found


def _has_result(found: os.stat_result) -> bool:
    """Tell whether the result goes there; to a terminal both may go, and that of a bridge goes elsewhere."""
    return not stat.S_ISCHR(found.st_mode) and sys.stdout is not sys.stderr and _is_at(1, found)


def _is_at(descriptor: int, found: os.stat_result) -> bool:
    with suppress(OSError):  # it is closed
        return os.path.samestat(os.fstat(descriptor), found)
    return False


def _not_written(path: Path, what: str, why: str, hint: str) -> CommandFailed:
    return CommandFailed(f"The {what} {path} cannot be written: {why}.", hint=hint, code=ExitCode.USAGE)
