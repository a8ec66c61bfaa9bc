# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What can name a user and a session, wherever the settings come from."""

import pytest

from valetkey.errors import ConfigurationError
from valetkey.httpx import OAuth
from valetkey.settings.names import LONGEST
from valetkey.settings.settings import Settings

URL = "https://mcp.example.com/mcp"

NO_NAMES = {
    "a megabyte": "a" * 2**20,
    "one too long": "a" * (LONGEST + 1),
    "a line break": "alice\nbob",
    "a terminal's command": "alice\x1b[2J",
    "NUL": "alice\0",
    "invisible": "alice\u200b",
    "right to left": "\u202ealice",
    "half a character": "\ud800",
    "bytes": b"alice",
    "a number": 7,
    "None": None,
}


@pytest.mark.parametrize("principal", ["", " ", "\t", "\u3000", *NO_NAMES.values()], ids=lambda name: repr(name)[:20])
def test_what_cannot_name_a_user_is_refused_before_anything_is_stored(principal):
    """Row J10."""
    with pytest.raises(ConfigurationError, match="principal") as raised:
        Settings(url=URL, principal=principal)
    assert len(str(raised.value)) < 500
    if principal is not None:  # which is the default here
        with pytest.raises(ConfigurationError, match="principal"):
            OAuth(URL, store="memory:", login="never", principal=principal)


@pytest.mark.parametrize("label", NO_NAMES.values(), ids=NO_NAMES)
def test_what_cannot_be_a_label_is_refused(label):
    """Row J10."""
    with pytest.raises(ConfigurationError, match="label") as raised:
        Settings(url=URL, label=label)
    assert len(str(raised.value)) < 500


@pytest.mark.parametrize("name", ["a", "a" * LONGEST, "alice|https://mcp.example.com", "alice/default", "алиса", "a "])
def test_a_name_is_taken_as_it_is(name):
    settings = Settings(url=URL, principal=name, label=name)
    assert (settings.principal, settings.label) == (name, name)
