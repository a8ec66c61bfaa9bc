# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The client requirements that tests prove, by their ids.

The manifest of all items follows: with it, an id nobody knows and an item nobody proves will fail the tests. Until
then an id only has to look like one.
"""

import re

import pytest

_ID = re.compile(r"[A-Z]+-[1-9][0-9]*")


def requirement(*ids: str) -> pytest.MarkDecorator:
    """
    Name the requirements that a test proves.

    :param ids: Ids such as "WWW-3": letters, a dash, a number.
    :returns: The decorator for the test.
    :raises ValueError: If there is no id, or one that does not look like an id.
    """
    if not ids:
        message = "A requirement needs at least one id."
        raise ValueError(message)
    for item in ids:
        if not _ID.fullmatch(item):
            message = f"{item!r} does not look like the id of a requirement, such as 'WWW-3'."
            raise ValueError(message)
    return pytest.mark.requirement(*ids)
