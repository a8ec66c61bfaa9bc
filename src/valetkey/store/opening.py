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
    Open the store a text names, encrypted if it can be (see `valetkey.store.encryption.protection`).

    :param name: `memory:` for one that ends with the process, `sqlite:///path` for a file; `redis://…`, `rediss://…`,
        `unix://…` or `postgresql://…` for a server that several hosts share. None takes the environment variable
        VALETKEY_STORE, and without it the file in the platform's folder for application data.
    :returns: The store; the same text gives the same store.
    :raises ConfigurationError: If there is no such kind of store, its client library is not installed, or it is on a
        server and no key is given.
    :raises StoreError: If others can read or write the file with the key.
    """
    with _opening:
        return _opened(name or os.environ.get(ENVIRONMENT) or f"sqlite:///{default_path()}")


_opening = threading.Lock()  # two threads at once must not get two stores


@cache
def _opened(name: str) -> Store:
    from valetkey.store.encryption.protection import open_protected

    return open_protected(name)
