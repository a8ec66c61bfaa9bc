# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Opening the store that a text or the environment names."""

import os
import threading
from functools import cache

from valetkey.errors import AuthError, ConfigurationError
from valetkey.errors.causes import make_causes_harmless
from valetkey.errors.redaction import redacting
from valetkey.store.passwords import passwords_in
from valetkey.store.protocol import Store

ENVIRONMENT = "VALETKEY_STORE"
"""The environment variable that names the store, as `open_store` takes it."""


def open_store(name: str | None = None) -> Store:
    """
    Open the store that a text names, with encryption if possible (see `valetkey.store.encryption.protection`).

    :param name: `memory:` for a store that ends with the process; `sqlite:////absolute/path` or `sqlite:///~/path` for
        a file; `redis://…`, `rediss://…`, `unix://…` or `postgresql://…` for a server that several hosts share. None
        takes the name in the environment variable VALETKEY_STORE, or else the file `default_path()`, which is looked up
        when it is first needed.
    :returns: The store; the same name gives the same object.
    :raises ConfigurationError: If there is no such kind of store, if its client library is not installed, or if it is
        on a server and no key is given.
    :raises StoreError: If other users can read or write the file that holds the key.
    """
    given = name or os.environ.get(ENVIRONMENT)
    with _opening:
        if not given:
            return _default(_environment())
        try:
            with redacting(*passwords_in(given)):
                return _named(given)
        except ConfigurationError as error:
            if name:
                raise
            message = f"In {ENVIRONMENT}: {error.message}"
            raise ConfigurationError(message, hint=error.hint) from error


def open_machine_store() -> Store:
    """
    Open the store of a machine that names none: as `open_store` does, but in memory where no default file can be made.

    A machine can obtain its token anew in each process, a person cannot.
    """
    if os.environ.get(ENVIRONMENT):
        return open_store()
    with _opening:
        return _of_machine(_environment())


_PLACES = ("HOME", "XDG_DATA_HOME", "LOCALAPPDATA", "USERPROFILE")
"""The variables that say where the default place is."""

_opening = threading.Lock()  # two threads must not get two stores for one name


def _environment() -> tuple[str | None, ...]:
    return tuple(os.environ.get(variable) for variable in _PLACES)


def _named(name: str) -> Store:
    try:
        return _opened(name)
    except AuthError as error:
        make_causes_harmless(error)  # the words of a library that has read a part of the password as a port
        raise


@cache
def _opened(name: str) -> Store:
    if name == "memory:":  # without the modules of files and keys
        from valetkey.store.backends.memory import MemoryStore

        return MemoryStore()
    from valetkey.store.encryption.protection import open_protected

    return open_protected(name)


@cache
def _default(_: tuple[str | None, ...]) -> Store:
    from valetkey.store.encryption.protection import open_default

    return open_default()


@cache
def _of_machine(environment: tuple[str | None, ...]) -> Store:
    from valetkey.store.machine_store import MachineStore

    return MachineStore(_default(environment))
