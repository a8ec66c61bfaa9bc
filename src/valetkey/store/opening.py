# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Opening the store that a text or the environment names."""

import os
import threading
from functools import cache

from valetkey.store.default_place import default_path
from valetkey.store.protocol import Store

ENVIRONMENT = "VALETKEY_STORE"
"""The environment variable that names the store, as `open_store` takes it."""


def open_store(name: str | None = None) -> Store:
    """
    Open the store that a text names, with encryption if possible (see `valetkey.store.encryption.protection`).

    :param name: `memory:` for a store that ends with the process; `sqlite:////absolute/path` or `sqlite:///~/path` for
        a file; `redis://…`, `rediss://…`, `unix://…` or `postgresql://…` for a server that several hosts share. None
        takes the name in the environment variable VALETKEY_STORE, or else the file `default_path()`.
    :returns: The store; the same name gives the same object.
    :raises ConfigurationError: If there is no such kind of store, if its client library is not installed, or if it is
        on a server and no key is given.
    :raises StoreError: If other users can read or write the file that holds the key.
    """
    with _opening:
        return _opened(name or os.environ.get(ENVIRONMENT) or f"sqlite:///{default_path()}")


_opening = threading.Lock()  # two threads must not get two stores for one name


@cache
def _opened(name: str) -> Store:
    from valetkey.store.encryption.protection import open_protected

    return open_protected(name)
