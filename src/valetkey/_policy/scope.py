# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which scope is asked for, and whether a session has enough of it (MCP, Scope Selection Strategy)."""

from valetkey.values import Client, Scope, ServerMetadata, Session

OFFLINE_ACCESS = "offline_access"


def choose_scope(
    *,
    pinned: Scope | None,
    challenged: Scope | None,
    published: Scope | None,
    server: ServerMetadata,
    offline_access: bool = True,
) -> Scope | None:
    """
    Choose the scope of a login: the user's, else the challenge's, else the resource's, else none at all.

    The authorization server's own list is never asked for (MCP, Scope Selection Strategy); `offline_access` is added
    when it is in that list, for a refresh token (MCP 2026-07-28, Refresh Tokens).

    :param pinned: What the user set: exactly this scope is asked for.
    :param published: What the resource metadata lists.
    :returns: None to leave the parameter out.
    """
    if pinned is not None:
        return pinned
    chosen = challenged or published
    if chosen is not None and offline_access and OFFLINE_ACCESS in (server.scopes_supported or ()):
        return unite(chosen, (OFFLINE_ACCESS,))
    return chosen


def smaller_scope(scope: Scope | None, published: Scope | None, error: str | None) -> Scope | None:
    """Leave out of a refused scope what only Valetkey added, `offline_access`; None if nothing can be left out."""
    if error != "invalid_scope" or scope is None or OFFLINE_ACCESS not in scope:
        return None
    if OFFLINE_ACCESS in (published or ()):
        return None
    return tuple(token for token in scope if token != OFFLINE_ACCESS) or None


def unite(*scopes: Scope | None) -> Scope:
    """Unite scopes, each token once, in the order they come (MCP, Step-Up Authorization Flow); None counts as empty."""
    return tuple(dict.fromkeys(token for scope in scopes for token in scope or ()))


def covers_scope(session: Session, wanted: Scope | None) -> bool:
    """Tell whether a session has all of a scope."""
    return set(wanted or ()) <= set(session.token.scope or ())


def allowed_scope(scope: Scope | None, client: Client) -> Scope | None:
    """Leave out of a scope what the registration of the client does not allow it to ask for (RFC 7591 §2)."""
    if scope is None or client.scope is None:
        return scope
    return tuple(filter(frozenset(client.scope).__contains__, scope)) or None


def needs_wider_client(scope: Scope | None, client: Client) -> bool:
    """Tell whether another registration may allow more of a scope: what one did not get is not asked for again."""
    return client.scope is not None and not set(scope or ()) <= {*client.scope, *client.declined_scope}
