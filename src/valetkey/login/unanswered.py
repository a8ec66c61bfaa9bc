# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Waiting for the answer of a login, and the errors of a login that ends without one."""

import threading
import time

from valetkey.errors import LoginFailed
from valetkey.seams import Cancellation, LoginPrompt

_POLL = 0.05
"""Seconds between two looks at a plain event, which cannot wake a thread that waits for another one."""


def wait_for_answer(answered: threading.Event, cancelled: threading.Event, seconds: float) -> None:
    """Block until one of the two events is set, or the time is over. A `Cancellation` may set `answered` too."""
    seconds = min(seconds, threading.TIMEOUT_MAX)
    if isinstance(cancelled, Cancellation):
        with cancelled.wakes(answered):
            answered.wait(seconds)
        return
    deadline = time.monotonic() + seconds
    while not answered.is_set() and not cancelled.is_set() and (remaining := deadline - time.monotonic()) > 0:
        answered.wait(min(_POLL, remaining))


def login_cancelled() -> LoginFailed:
    """Make the error of a login that the program has cancelled."""
    message = "The login was cancelled."
    return LoginFailed(message, hint="Start again to log in.")


def login_timed_out(issuer: str, seconds: float, *, hint: str) -> LoginFailed:
    """Make the error of a login that took longer than the person had."""
    message = f"The login at {issuer} was not completed within {seconds:g} seconds."
    return LoginFailed(message, hint=hint)


def unless_page_failed(todo: str, prompt: LoginPrompt) -> str:
    """Write the hint for a login in a browser: what the server's page refuses, only the person sees."""
    # RFC 6749 §4.1.2.1: a client or a redirect address that is not known is told to the person, and nothing comes back.
    return (
        f"{todo}; if the page showed an error, do what it says: most often the redirect address {prompt.redirect_uri} "
        f"has to be registered for this client at {prompt.issuer} (redirect_uri= sets another address)."
    )
