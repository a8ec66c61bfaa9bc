# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""An error is a value: what may be changed of it is changed in a copy, and each of its texts is safe to show."""

import re
from typing import Self
from urllib.parse import urlsplit

from valetkey.errors.texts import first_lines, harmless, harmless_value


def names(text: str, url: str) -> bool:
    """
    Tell whether a text names a URL, and not only a longer one that begins with it.

    :param text: Any text.
    :param url: The URL.
    :returns: True if it does.
    """
    return re.search(re.escape(url) + r"(?![\w/?&=#%+~-]|[.,:;][\w/])", text) is not None


def without_secrets(text: str, url: str) -> str:
    """Leave out of a text what may be a secret in a URL that it names: user information and the query's values."""
    try:
        parts = urlsplit(url)
    except ValueError:  # no URL; who reads the text needs it to see why
        return text
    user, _, _ = parts.netloc.rpartition("@")
    members = (member.partition("=") for member in parts.query.split("&"))
    hidden = "&".join(f"{name}=…" if equals else "…" for name, equals, _ in members)
    for secret, shown in ((f"?{parts.query}", f"?{hidden}"), (f"{user}@", "")):
        text = text.replace(secret, shown) if len(secret) > 1 else text
    return text


_SET_WHOLE = frozenset({"args", "authorization_url"})
"""The one text of an error that is not for showing but for use: the link that the person opens, with its state."""
_QUOTED = "description"
"""The attribute that holds what a server says and nothing else; an error code is compared, so it stays as it came."""


class Copies(BaseException):  # the root, so that `AuthError` is an `Exception` first
    """Gives changed copies of an error, and makes its texts safe to show, whatever sets them."""

    _server_url: str | None = None
    _place = ""

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value if name in _SET_WHOLE else harmless_value(value, is_quoted=name == _QUOTED))

    def add_note(self, note: str) -> None:
        """
        Add a note that a traceback shows.

        :param note: The note, which is made safe to show.
        """
        super().add_note(harmless(note))

    def with_hint(self, hint: str) -> Self:
        """
        Give a copy with another hint, to be raised from this error.

        :param hint: One sentence that says what to do.
        :returns: The copy. It keeps the cause and the notes, and has no traceback until it is raised.
        """
        return self._copy(_hint=hint)

    def with_tried(self, tried: tuple[str, ...]) -> Self:
        """
        Give a copy that lists what was asked, to be raised from this error.

        :param tried: One line for each request: the URL and what came back.
        :returns: The copy. It keeps the cause and the notes, and has no traceback until it is raised.
        """
        return self._copy(_tried=first_lines(tried))

    def with_server(self, server_url: str) -> Self:
        """
        Give a copy whose text names the MCP server, to be raised in the place of this error.

        :param server_url: The URL of the MCP server.
        :returns: The copy. It keeps the cause and the notes, and has no traceback until it is raised.
        """
        return self._copy(_server_url=server_url)

    def complete(self, server_url: str, place: str = "") -> None:
        """
        Name the MCP server and the store in this error itself, because a person may have been told about it already.

        :param server_url: The URL of the MCP server.
        :param place: The path or URL of the store, for an error about it.
        """
        self._server_url = server_url
        self._place = self._place or place

    def _shown(self, text: str) -> str:
        return text if self._server_url is None else without_secrets(text, self._server_url)

    def _copy(self, **changes: object) -> Self:
        copy = type(self).__new__(type(self), *self.args)
        copy.__dict__.update(self.__dict__, **{name: harmless_value(value) for name, value in changes.items()})
        if hasattr(self, "__notes__"):
            copy.__notes__ = list(self.__notes__)
        copy.__cause__ = self.__cause__
        copy.__suppress_context__ = self.__suppress_context__  # last: setting the cause sets it too
        return copy
