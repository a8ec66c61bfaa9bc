# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The errors of a login that ends without an answer."""

from valetkey.errors import LoginFailed


def login_cancelled() -> LoginFailed:
    """
    Make the error of a login that the program has cancelled.

    :returns: The error.
    """
    message = "The login was broken off."
    return LoginFailed(message, hint="Start again to log in.")


def login_timed_out(issuer: str, seconds: float, *, hint: str) -> LoginFailed:
    """
    Make the error of a login whose time is over.

    :param issuer: The authorization server.
    :param seconds: How long the person had.
    :param hint: What to do in time the next time.
    :returns: The error.
    """
    message = f"Nobody logged in at {issuer} within {seconds:g} seconds."
    return LoginFailed(message, hint=hint)
