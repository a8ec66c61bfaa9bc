# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Opening the backend that a text names; its client library is imported only then."""

import re

from valetkey.errors import ConfigurationError
from valetkey.errors.redaction import redacting
from valetkey.store.backends import file_names
from valetkey.store.passwords import passwords_in
from valetkey.store.protocol import Store

_ON_A_SERVER = re.compile(r"(redis|rediss|unix|postgresql|postgres)://")
_KIND = re.compile(r"[A-Za-z0-9+.-]{1,20}")
_KNOWN_KINDS = frozenset({"memory", "redis", "rediss", "unix", "postgresql", "postgres", "sqlite", "file"})
_AROUND = " \t\r\n\"'"


def open_backend(name: str) -> Store:
    """Open the backend that a text names, without encryption."""
    kind = name.partition(":")[0]
    if name == "memory:":
        from valetkey.store.backends.memory import MemoryStore

        return MemoryStore()
    if name.startswith(file_names.PREFIX):
        path = file_names.named_file(name)
        from valetkey.store.backends.sqlite import SqliteStore

        return SqliteStore(path)
    if name.startswith(("redis://", "rediss://", "unix://")):
        try:
            from valetkey.store.backends.redis import RedisStore
        except ModuleNotFoundError as error:
            raise _not_installed(kind, "redis") from error
        return RedisStore(name)
    if name.startswith(("postgresql://", "postgres://")):
        try:
            from valetkey.store.backends.postgres import PostgresStore
        except ModuleNotFoundError as error:
            raise _not_installed(kind, "postgres") from error
        return PostgresStore(name)
    raise _unknown(name)


def require_known_store(name: str) -> None:
    """Refuse a name that is no store's, without opening one."""
    with redacting(*passwords_in(name)):
        if name.startswith(file_names.PREFIX):
            file_names.named_file(name)
        elif name != "memory:" and not _ON_A_SERVER.match(name):
            raise _unknown(name)


def _unknown(name: str) -> ConfigurationError:
    if file_names.looks_like_a_file(name):
        return file_names.misspelled_file(name)
    bare = name.strip(_AROUND)
    if bare != name and (bare == "memory:" or _ON_A_SERVER.match(bare) or file_names.looks_like_a_file(bare)):
        message = "The name of the store has quotation marks or spaces around it."
        return ConfigurationError(message, hint="Leave them out; a file of variables for a container passes them on.")
    # What has no scheme may begin with a password: "user:password@host".
    kind = name.partition(":")[0]
    is_kind = _KIND.fullmatch(kind) and ("://" in name or kind.lower() in _KNOWN_KINDS or kind == name)
    message = f"There is no store {kind if is_kind else '…'!r}."
    hint = 'Use "memory:", "sqlite:////path/to/file", "redis://host" or "postgresql://host/database".'
    return ConfigurationError(message, hint=hint)


def _not_installed(kind: str, extra: str) -> ConfigurationError:
    message = f"The client library for a store {kind!r} is not installed."
    return ConfigurationError(message, hint=f"Run: pip install 'valetkey[{extra}]'")
