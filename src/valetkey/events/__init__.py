# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What happens in the life of a session, as values: for a callback (`on_event=`), a trace in a file, metrics of your own.

```python
from valetkey.events import trace_to

with trace_to("trace.jsonl"):
    ...  # each request of a login, and what came of it, without secrets
```

Events are delivered one after another in a thread of their own, outside of any lock and event loop.
"""

from typing import TYPE_CHECKING

from valetkey.events.listening import flush, listen

if TYPE_CHECKING:
    from valetkey.events.kinds import (
        AttemptEnded,
        AttemptStarted,
        Event,
        HeldBack,
        LoggedOut,
        LoginEnded,
        LoginStarted,
        Message,
        PersonAsked,
        RenewalFailed,
        RequestSent,
        SessionEnded,
        SessionRenewed,
        SessionSaved,
        StepUpWanted,
    )
    from valetkey.events.trace import Trace, trace_to

__all__ = [
    "AttemptEnded",
    "AttemptStarted",
    "Event",
    "HeldBack",
    "LoggedOut",
    "LoginEnded",
    "LoginStarted",
    "Message",
    "PersonAsked",
    "RenewalFailed",
    "RequestSent",
    "SessionEnded",
    "SessionRenewed",
    "SessionSaved",
    "StepUpWanted",
    "Trace",
    "flush",
    "listen",
    "trace_to",
]


def __getattr__(name: str) -> object:
    """Import a name when it is first used: a program in which nothing listens needs no kind of event."""
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from valetkey.events import kinds, trace

    return getattr(trace if name in ("Trace", "trace_to") else kinds, name)


def __dir__() -> list[str]:
    """List the names too that are no attributes before they are first used."""
    return sorted({*globals(), *__all__})
