# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What stands behind an error that a library or a framework has raised."""

from collections.abc import Iterator


def errors_behind(error: BaseException, *, also_hidden: bool = False) -> Iterator[BaseException]:
    """
    Go through an error, the members of a group, and what each was raised from or over, the nearest first.

    With `also_hidden`, what `from None` hides is gone through too: httpcore hides the error that has the reason.
    """
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        context = one.__context__ if also_hidden or not one.__suppress_context__ else None
        cause = one.__cause__ if one.__cause__ is not None else context
        waiting += one.exceptions if isinstance(one, BaseExceptionGroup) else ()
        waiting += [cause] if cause is not None else []
