# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The rules MCP puts on top of OAuth: what is a rejection, which issuer, which client, which scope, when to renew.

Pure: arguments in, values out.
"""

from collections.abc import Sequence

from valetkey import urls
from valetkey.errors import IssuerMismatch
from valetkey.protocol.challenge import Challenge, bearer_challenge
from valetkey.values import Client, ResourceMetadata, Scope, ServerMetadata, Session, Token

RENEWAL_MARGIN = 60.0
"""Seconds before expiry at which renewal starts in the background, or a tenth of the token's life if that is less."""

FRESH_SECONDS = 60.0
"""A token a person has just logged in for is not replaced by another login within this time."""

_OFFLINE_ACCESS = "offline_access"


def is_rejection(status: int, challenges: Sequence[Challenge]) -> bool:
    """
    Tell whether a response asks for another token.

    :param status: The HTTP status.
    :param challenges: The challenges of the response.
    :returns: True for every 401, and for a 403 that says `insufficient_scope` (RFC 6750 §3.1); any other 403 is a
        matter of permission and not of the token.
    """
    if status == 401:
        return True
    return status == 403 and wants_more_scope(challenges)


def wants_more_scope(challenges: Sequence[Challenge]) -> bool:
    """
    Tell whether a response wants the same token with more scope.

    :param challenges: The challenges of the response.
    :returns: True if its Bearer challenge says `insufficient_scope`.
    """
    challenge = bearer_challenge(challenges)
    return challenge is not None and challenge.get("error") == "insufficient_scope"


def choose_issuers(metadata: ResourceMetadata, pinned: str | None) -> tuple[str, ...]:
    """
    Choose the authorization servers to try, in order (RFC 9728 §7.6 leaves the choice to the client).

    :param metadata: The server's metadata.
    :param pinned: The issuer the user trusts. It replaces the published string, so it may correct its spelling; it
        may not point the server's login somewhere else.
    :returns: The issuers; empty when the metadata names none.
    :raises IssuerMismatch: If the server's login has moved to another host than the pinned issuer's.
    """
    if pinned is None:
        return metadata.authorization_servers
    published = metadata.authorization_servers
    if published and not any(urls.same_origin(pinned, issuer) for issuer in published):
        message = f"The MCP server wants a login at {', '.join(published)}, but only {pinned} is trusted."
        hint = "If the server has moved its login, change issuer=; else tell its operator."
        raise IssuerMismatch(message, hint=hint, expected=pinned, received=published[0])
    return (pinned,)


def choose_scope(
    *, pinned: Scope | None, challenged: Scope | None, published: Scope | None, server: ServerMetadata
) -> Scope | None:
    """
    Choose the scope of a login: the user's, else the challenge's, else the resource's, else none at all.

    The authorization server's own list is never asked for (MCP, Scope Selection Strategy); `offline_access` is added
    when it is in that list, for a refresh token (MCP 2026-07-28, Refresh Tokens).

    :param pinned: What the user set: exactly this.
    :param challenged: What the MCP server's challenge names.
    :param published: What the resource metadata lists.
    :param server: The authorization server.
    :returns: The scope to ask for, or None to leave the parameter out.
    """
    if pinned is not None:
        return pinned
    chosen = challenged or published
    if chosen is not None and _OFFLINE_ACCESS in (server.scopes_supported or ()):
        return unite(chosen, (_OFFLINE_ACCESS,))
    return chosen


def unite(*scopes: Scope | None) -> Scope:
    """
    Unite scopes, each token once, in the order they come (MCP, Step-Up Authorization Flow).

    :param scopes: Scopes; None counts as empty.
    :returns: The union.
    """
    return tuple(dict.fromkeys(token for scope in scopes for token in scope or ()))


def covers_scope(session: Session, wanted: Scope | None) -> bool:
    """
    Tell whether a session has all of a scope.

    :param session: The session.
    :param wanted: The scope.
    :returns: True if nothing of it is missing.
    """
    return set(wanted or ()) <= set(session.token.scope or ())


def is_expired(token: Token, now: float) -> bool:
    """
    Tell whether a token is past its life.

    :param token: The token.
    :param now: Unix time in seconds.
    :returns: True if it is of no use any more; a token without expiry is used until it is rejected.
    """
    return token.expires_at is not None and now >= token.expires_at


def is_renewal_due(token: Token, now: float) -> bool:
    """
    Tell whether a token should be renewed in the background while it still serves.

    :param token: The token.
    :param now: Unix time in seconds.
    :returns: True within the margin before its expiry.
    """
    if token.expires_at is None:
        return False
    margin = min(RENEWAL_MARGIN, (token.expires_at - token.obtained_at) / 10)
    return now >= token.expires_at - margin


def is_client_usable(client: Client, *, issuer: str, redirect_uri: str, now: float) -> bool:
    """
    Tell whether a registered client can be used for a login.

    :param client: The client from the store.
    :param issuer: The authorization server of the login.
    :param redirect_uri: The redirect address of the login.
    :param now: Unix time in seconds.
    :returns: True if it belongs to the issuer, has this address and its secret has not expired (RFC 7591 §3.2.1).
    """
    alive = client.secret_expires_at is None or now < client.secret_expires_at
    return client.issuer == issuer and client.redirect_uri == redirect_uri and alive
