# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How long a token or a registered client can be used, and when a token is renewed."""

from valetkey.values import Client, Token

RENEWAL_MARGIN = 60.0
"""How many seconds before expiry a renewal starts in the background, or a tenth of the token's life if that is less; it
may start up to twice as early."""

LONG_SECONDS = 3600.0
"""How many seconds after the end of a token its renewal is long overdue."""


def is_expired(token: Token, now: float) -> bool:
    """Tell whether a token has expired; a token without expiry is used until it is rejected."""
    return token.expires_at is not None and now >= token.expires_at


def has_long_expired(token: Token, now: float) -> bool:
    """Tell whether a token expired so long ago that its renewal may have failed in programs before this one too."""
    return token.expires_at is not None and now >= token.expires_at + LONG_SECONDS


def is_renewal_due(token: Token, now: float, jitter: float = 0.0) -> bool:
    """
    Tell whether a token should be renewed in the background while it still serves.

    :param jitter: How much earlier than necessary, from 0 up to 1 margin: processes that started at the same moment, or
        share a session, then do not all renew at the same moment.
    """
    if token.expires_at is None:
        return False
    margin = min(RENEWAL_MARGIN, (token.expires_at - token.obtained_at) / 10)
    return now >= token.expires_at - margin * (1 + jitter)


def is_client_usable(client: Client, *, issuer: str, redirect_uri: str | None, now: float) -> bool:
    """
    Tell whether a stored client can be used for a login: issuer and address fit, its secret lives (RFC 7591 §3.2.1).
    """
    alive = client.secret_expires_at is None or now < client.secret_expires_at
    return client.issuer == issuer and client.redirect_uri == redirect_uri and alive
