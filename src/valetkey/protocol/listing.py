# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A list that a server sent, in the words of an error."""

from collections.abc import Sequence

from valetkey.errors import quote

_MOST_LISTED = 3


def listed(texts: Sequence[str]) -> str:
    """Quote the first few texts of a list, and say how many others there are."""
    named = ", ".join(map(quote, texts[:_MOST_LISTED]))
    return named if len(texts) <= _MOST_LISTED else f"{named} and {len(texts) - _MOST_LISTED:,} more"
