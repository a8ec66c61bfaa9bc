# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What the brake remembers of an error that an attempt has ended with."""

from valetkey._policy.brake import Ended, Failure
from valetkey.errors import (
    AuthError,
    ClientRefused,
    LoginFailed,
    LoginRequired,
    MalformedDocument,
    Refused,
    TemporaryError,
    TrustError,
)

LONGEST_WORDS = 400
"""How many characters of what has gone wrong the record keeps."""

_FAILURES: tuple[tuple[type[AuthError], Failure], ...] = (
    (LoginFailed, Failure.UNANSWERED),
    (LoginRequired, Failure.NO_PERSON),
    (ClientRefused, Failure.CLIENT_REFUSED),
    (Refused, Failure.REFUSED),
    (MalformedDocument, Failure.UNREADABLE),
    (TemporaryError, Failure.UNAVAILABLE),
    (TrustError, Failure.UNTRUSTED),
    (AuthError, Failure.UNSUPPORTED),
)


def ended_by(error: AuthError) -> Ended:
    """Give what became of an attempt, in a few words that are safe to show."""
    failure = next(failure for kind, failure in _FAILURES if isinstance(error, kind))
    code = getattr(error, "error", None)
    if isinstance(error, LoginFailed) and code == "access_denied":  # RFC 6749 §4.1.2.1, RFC 8628 §3.5
        failure = Failure.DECLINED
    return Ended(failure, error.message[:LONGEST_WORDS], code)
