# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Texts that are safe to show: no secret, no character that a terminal or a reader could be misled by, no length."""

import json

from valetkey.errors.redaction import redacted

QUOTE_LIMIT = 200
TEXT_LIMIT = 2000
"""Characters of a message, a hint or an attribute of an error."""
LINE_LIMIT = 400
"""Characters of one item, where an attribute is a list."""
ITEMS_LIMIT = 100
LINES_LIMIT = 20
"""Lines of what was asked."""

SPACE_FOR_SECRETS = 4096
"""Characters beyond a cap in which a secret may go on: it is left out before the text is cut."""


def quoted(text: object, limit: int) -> str:
    """Do what `valetkey.errors.quote` promises."""
    string = text if isinstance(text, str) else repr(text)
    string = redacted(string[: limit + SPACE_FOR_SECRETS], is_quoted=True)
    shortened = string if len(string) <= limit else string[:limit] + "..."
    return json.dumps(shortened).replace("\x7f", "\\u007f")  # ASCII: a Cyrillic "a" in a host name shows


def harmless(text: str, limit: int = TEXT_LIMIT, *, is_quoted: bool = False) -> str:
    """Make a text that may hold foreign parts safe to show, as `quote` does; letters of every script stay readable."""
    string = redacted(text[: limit + SPACE_FOR_SECRETS], is_quoted=is_quoted)
    if not string.isprintable():
        escaped = "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in string)
        string = escaped.replace("\x7f", "\\u007f")
    return string if len(string) <= limit else string[: limit - 3] + "..."


def harmless_lines(text: str) -> str:
    """Make each line of a text safe to show, whatever its length; a tab becomes spaces."""
    return "\n".join(harmless(line.replace("\t", "    "), len(line) * 6) for line in text.split("\n"))


def harmless_value(value: object, *, is_quoted: bool = False) -> object:
    """Make an attribute of an error safe to show, if it is a text or a list of texts."""
    if isinstance(value, str):
        return harmless(value, is_quoted=is_quoted)
    if isinstance(value, tuple):
        return tuple(harmless(item, LINE_LIMIT) if isinstance(item, str) else item for item in value[:ITEMS_LIMIT])
    return value


def first_lines(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Keep the first lines of a list that a server can make long, and say how many there are more."""
    more = len(lines) - LINES_LIMIT
    return lines if more <= 0 else (*lines[:LINES_LIMIT], f"and {more} more")
