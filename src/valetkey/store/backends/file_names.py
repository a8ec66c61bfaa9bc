# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The file that the name of an embedded store means: an absolute path, or one in a user's home folder.

A relative path would name another file in each folder that a program is started in. `sqlite:///srv/x.db` is one in
SQLAlchemy, and looks absolute. So it is refused, with the spelling of both.
"""

import os
import re
from pathlib import Path

from valetkey.errors import ConfigurationError, StoreError, quote

PREFIX = "sqlite:///"

_LOOKS_LIKE_A_FILE = re.compile(
    r"(?:sqlite|file):(?://)?|(?=[/~.\\]|[A-Za-z]:[/\\]|\$\{?[A-Z_]|%[A-Z_]+%|[^:@\s]+\.(?:db|sqlite3?)\Z)",
    re.IGNORECASE,
)
_FILE = "credentials.db"
_DRIVE = re.compile(r"[A-Za-z]:[/\\]")
_SLASHES = re.compile(r"^/+")
_VARIABLE = re.compile(r"\$\{?[A-Za-z_]|%[A-Za-z_]+%")


def named_file(name: str) -> Path:
    """Give the absolute path in `sqlite:////srv/x.db`, `sqlite:///~/x.db` or `sqlite:///C:/x.db`."""
    text = name.removeprefix(PREFIX)
    if "?" in text:
        message = f"The store's name {quote(name)} has a query, and a file takes none."
        hint = "Leave out what follows the path; VALETKEY_STORE_ENCRYPTION says how the file is encrypted."
        raise ConfigurationError(message, hint=hint)
    if _VARIABLE.search(text) or "\0" in text or not Path(text).name:
        raise _misspelled(name, text)
    if text.endswith("/") and (text.startswith("~") or os.path.isabs(text)):
        message = f"The store's name {quote(name)} names a folder."
        raise ConfigurationError(message, hint=in_folder(text))
    if not text.startswith("~"):
        if not os.path.isabs(text) or (os.name == "nt" and not _DRIVE.match(text)):
            raise _misspelled(name, text)
        return Path(text)
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        message = f"The store {quote(name)} is in a home folder, and this user has none."
        raise StoreError(message, hint="Give an absolute path, as in sqlite:////srv/app/credentials.db.") from error


def in_folder(folder: str) -> str:
    """Write the hint for a name that means a folder."""
    file = folder.rstrip("/") + "/" + _FILE
    return f"Name a file in it, as in {quote(PREFIX + file)}."


def looks_like_a_file(name: str) -> bool:
    """Tell whether a text that names no store means a file: a path, or another spelling of `sqlite:`."""
    return _LOOKS_LIKE_A_FILE.match(name) is not None


def misspelled_file(name: str) -> ConfigurationError:
    """Make the error for a text that `looks_like_a_file`."""
    start = _LOOKS_LIKE_A_FILE.match(name)
    return _misspelled(name, name[start.end() :] if start else name)


def _misspelled(name: str, path: str) -> ConfigurationError:
    if _VARIABLE.search(path):
        message = f"The store's name {quote(name)} holds a variable that no shell has replaced."
        return ConfigurationError(message, hint=f"Write the whole path of a file, as in {PREFIX}/srv/app/{_FILE}.")
    message = f"There is no store {quote(name)}: it does not say which file it means."
    files = " or ".join(quote(PREFIX + each) for each in _meant_by(path))
    hint = f'Give the whole path of a file, {files}, or use "memory:", "redis://host" or "postgresql://host/database".'
    return ConfigurationError(message, hint=hint)


def _meant_by(path: str) -> list[str]:
    """Give the absolute paths that a user may have meant."""
    if not path.strip("/.\\~"):
        return [f"/srv/app/{_FILE}"]
    if path.startswith("~"):
        return [path]
    here = os.path.abspath(path).replace(os.sep, "/")
    here = _SLASHES.sub("/", here)
    is_path = "/" in path and not path.startswith(("/", ".")) and not _DRIVE.match(path)
    return [f"/{path}", here] if is_path and os.name == "posix" else [here]
