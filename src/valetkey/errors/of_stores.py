# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The errors of session stores: what is wrong, what is missing, and what passes."""

from typing import Self

from valetkey.errors.root import AuthError, TemporaryError


class StoreError(AuthError):
    """The session store cannot be read, written or locked."""

    def with_place(self, place: str) -> Self:
        """
        Give a copy whose text names the store, to be raised from this error.

        :param place: The path or URL of the store, without a password.
        :returns: The copy. It keeps the cause and the notes, and has no traceback until it is raised.
        """
        return self._copy(_place=self._place or place)

    @property
    def message(self) -> str:
        """What happened, safe to show; it names the MCP server and the store, unless the hint does."""
        message, place = super().message, self._place
        if not place or place in f"{message} {self.hint}":
            return message
        before, phrase, after = message.partition("session store")
        return f"{before}{phrase} {place}{after}" if phrase else f"{message} The session store is {place}."


class StoreLocked(StoreError):
    """
    The session store is encrypted and its key is not there. Nothing is lost: with the key it can be read again.

    :param key_id: The id of the key that is missing, if it is known.
    """

    def __init__(self, message: str, *, hint: str, key_id: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.key_id = key_id


class StoreBusy(StoreError, TemporaryError):
    """
    The session store works, but others have used it for as long as this one was ready to wait: its turn did not come.

    Nothing is lost and nothing has to be mended. The same call may succeed in a moment.
    """
