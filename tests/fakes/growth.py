# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How the time to read a text grows with its length: a server chooses both, and the interpreter's lock is held."""

import gc
import time
from contextlib import contextmanager, suppress

_SIZES = (64 * 1024, 1024 * 1024)
_UNNOTICED_SECONDS = 0.1
"""Less than this is no measurement."""
_LONGEST_SECONDS = 1.0
"""For the shorter text; a quadratic function takes longer, and would take minutes for the longer one."""
_MOST_GROWTH = 64
"""For a text that is 16 times as long: linear is 16, quadratic is 256."""

TEXTS = [(beginning, piece) for beginning in ("", "https://", "https://h.example/") for piece in ":@/%1.?#[\\é"]
"""What a text begins with, and what is repeated in it up to the size."""
ANY_TEXTS = [(beginning, piece) for beginning in ("", "https://") for piece in (*":@/%1, ", '\\"')]
"""The same for texts that need not be URLs."""


def check_linear(read, texts=TEXTS):
    """
    Break off where the processor time of this thread grows much faster than the text, before it takes minutes.

    :param read: Reads a text; an error of its own is an answer like any other.
    :param texts: Pairs of a beginning and a piece.
    """
    for beginning, piece in texts:
        short, long = ((beginning + piece * size)[:size] for size in _SIZES)
        before = _seconds(read, short)
        assert before < _LONGEST_SECONDS, f"{before:.1f} s for {len(short)} characters of {beginning!r} and {piece!r}"
        after = _seconds(read, long)
        if after > _UNNOTICED_SECONDS:
            assert after <= _MOST_GROWTH * before, f"{before:.3f} s, then {after:.3f} s for {beginning!r} and {piece!r}"


def _seconds(read, text):
    with without_collector():
        started = time.thread_time()
        with suppress(Exception):
            read(text)
        return time.thread_time() - started


@contextmanager
def without_collector():
    """Keep the garbage collector away: it looks at all that the tests have left, in whichever thread it is due."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
