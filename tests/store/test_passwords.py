# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which parts of a store's name are passwords."""

import pytest

from valetkey.store.passwords import passwords_in


@pytest.mark.parametrize(
    ("name", "passwords"),
    [
        ("redis://:pw@host", ("pw",)),
        ("redis://user:p%40w@host/0", ("p%40w", "p@w")),
        ("redis://user:a:b@c@host", ("a:b@c",)),
        ("unix://:pw@/run/redis.sock?db=1", ("pw",)),
        ("redis://host?password=pw&db=1", ("pw",)),
        ("postgresql://u:p@h/db?password=a&sslpassword=b&sslmode=require", ("p", "a", "b")),
        ("postgresql://h/db?p%61ssword=pw", ("pw",)),
        ("host=h password='a b' dbname=x", ("a b",)),
        ("host=h PASSWORD = pw dbname=x", ("pw",)),
        ("user:pw@host", ("pw",)),
        ("redis://user@host/0", ()),
        ("memory:", ()),
        ("sqlite:////srv/app/a@b.db", ()),
        ("", ()),
    ],
)
def test_passwords_are_found_as_they_are_written_and_as_they_are_sent(name, passwords):
    """Row I15."""
    assert passwords_in(name) == passwords
