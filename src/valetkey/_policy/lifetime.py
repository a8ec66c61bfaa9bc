# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How long a token or a registered client can be used, and when a token is renewed."""

from valetkey.values import Client, Session, Token

RENEWAL_MARGIN = 60.0
"""Seconds before expiry at which renewal has to start in the background, or a tenth of the token's life if that is
less; it may start up to twice as early."""

FRESH_SECONDS = 60.0
"""A token a person has just logged in for is not replaced by another login within this time."""


def is_expired(token: Token, now: float) -> bool:
    """
    Tell whether a token is past its life.

    :param token: The token.
    :param now: Unix time in seconds.
    :returns: True if it is of no use any more; a token without expiry is used until it is rejected.
    """
    return token.expires_at is not None and now >= token.expires_at


def is_renewal_due(token: Token, now: float, jitter: float = 0.0) -> bool:
    """
    Tell whether a token should be renewed in the background while it still serves.

    :param token: The token.
    :param now: Unix time in seconds.
    :param jitter: How much earlier than it has to, from 0 up to 1 margin: of the many that were started at the same
        moment, or that share a session, not all renew at the same moment.
    :returns: True within the margin before its expiry.
    """
    if token.expires_at is None:
        return False
    margin = min(RENEWAL_MARGIN, (token.expires_at - token.obtained_at) / 10)
    return now >= token.expires_at - margin * (1 + jitter)


def is_client_usable(client: Client, *, issuer: str, redirect_uri: str | None, now: float) -> bool:
    """
    Tell whether a registered client can be used for a login.

    :param client: The client from the store.
    :param issuer: The authorization server of the login.
    :param redirect_uri: The redirect address of the login, None for one on another device.
    :param now: Unix time in seconds.
    :returns: True if it belongs to the issuer, has this address and its secret has not expired (RFC 7591 §3.2.1).
    """
    alive = client.secret_expires_at is None or now < client.secret_expires_at
    return client.issuer == issuer and client.redirect_uri == redirect_uri and alive


def is_fresh_login(session: Session, now: float) -> bool:
    """Tell whether a person has logged in for a session within the last minute."""
    return session.interactive and 0 <= now - session.token.obtained_at < FRESH_SECONDS
