# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a target of the fuzzer is."""

from collections.abc import Callable
from dataclasses import dataclass

COMMON_TOKENS = (b"\x01\x10a", b"\x01\x10\x02:", b"\x01\x0dhttps://h.example/\x02a", b"\xed\xa0\x80", b"\x00", b"\r\n")
"""A repeated end, half a surrogate pair, and what breaks lines."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """
    One part of Valetkey that reads what others have written.

    `run` gives it the bytes of one input; any exception is a finding. `modules` are what it is about: after a change in
    one of them the target is run in full again.
    """

    name: str
    reads: str
    modules: tuple[str, ...]
    run: Callable[[bytes], None]
    tokens: tuple[bytes, ...] = ()
    longest: int = 512

    @property
    def all_tokens(self):
        """The dictionary of the fuzzer."""
        return (*self.tokens, *COMMON_TOKENS)
