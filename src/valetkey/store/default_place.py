# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The file in which sessions are kept by default."""

import errno
from pathlib import Path

from valetkey.errors import StoreError

NAME_A_PLACE = (
    "Name a place that can be written in VALETKEY_STORE, as in sqlite:////srv/app/credentials.db, or set it to "
    "memory: to keep sessions in this process only."
)
"""The hint where the default place cannot be used."""


def default_path() -> Path:
    """
    Give the path of the default store.

    :returns: `credentials.db` in the platform's folder for a user's application data.
    :raises StoreError: If this user has no such folder, as in a container without HOME and without an entry in
        /etc/passwd.
    """
    import platformdirs

    try:
        folder = platformdirs.user_data_path("valetkey", appauthor=False)
    except (RuntimeError, OSError, LookupError, ValueError) as error:
        why = f"the home folder of this user is not known ({error})"
        raise _no_place(why) from FileNotFoundError(errno.ENOENT, why)
    if not folder.is_absolute():  # also `~/.local/share`, which is what stays where there is no home folder
        message = f"the home folder is not known, and {folder} is no absolute path"
        raise _no_place(message) from FileNotFoundError(errno.ENOENT, message)
    return folder / "credentials.db"


def _no_place(why: str) -> StoreError:
    return StoreError(f"There is no place for the session store: {why}.", hint=NAME_A_PLACE)
