# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The rules MCP puts on top of OAuth: what is a rejection, which issuer, which client, which scope, when to renew.

Pure: arguments in, values out.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from valetkey import urls
from valetkey.behaviour import BearerName, Profile
from valetkey.errors import IssuerMismatch, Refused, Unsupported
from valetkey.protocol.challenge import DPOP, Challenge, challenge_to_answer
from valetkey.protocol.token_request import TokenRequest
from valetkey.values import Client, ResourceMetadata, Scope, ServerMetadata, Session, Token, TokenType

RENEWAL_MARGIN = 60.0
"""Seconds before expiry at which renewal has to start in the background, or a tenth of the token's life if that is
less; it may start up to twice as early."""

FRESH_SECONDS = 60.0
"""A token a person has just logged in for is not replaced by another login within this time."""

OFFLINE_ACCESS = "offline_access"

_PARAMETER = r"(?:request )?(?:parameter|param|field)"
_RESOURCE = r"(?<![\w/.-])resource(?![\w/-]|\.\w)"
_NO_RESOURCE = re.compile(
    rf"(?:unknown|unsupported|unrecognized|unexpected) {_PARAMETER}:? \W?{_RESOURCE}"
    rf"|{_RESOURCE}\W? {_PARAMETER} (?:(?:is |was )?not|isn't) (?:supported|allowed|recognized|known)"
    rf"|{_RESOURCE}\W? {_PARAMETER} is (?:unsupported|unknown|unrecognized)",
    re.IGNORECASE,
)
"""What servers say that do not know the parameter; what they say of a value of it is another matter."""


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
    :returns: True if one for Bearer or DPoP says `insufficient_scope` (RFC 6750 §3.1, RFC 9449 §7.1).
    """
    challenge = challenge_to_answer(challenges)
    return challenge is not None and challenge.get("error") == "insufficient_scope"


def choose_issuers(metadata: ResourceMetadata, pinned: str | None, preferred: Sequence[str] = ()) -> tuple[str, ...]:
    """
    Choose the authorization servers to try, in order (RFC 9728 §7.6 leaves the choice to the client).

    :param metadata: The server's metadata.
    :param pinned: The issuer the user trusts. It replaces the published string, so it may correct its spelling; it
        may not point the server's login somewhere else.
    :param preferred: Issuers that know us already: of those that are published they come first.
    :returns: The issuers; empty when the metadata names none.
    :raises IssuerMismatch: If the server's login has moved to another host than the pinned issuer's.
    """
    if pinned is None:
        return tuple(sorted(metadata.authorization_servers, key=lambda issuer: issuer not in preferred))
    published = metadata.authorization_servers
    if published and not any(urls.same_origin(pinned, issuer) for issuer in published):
        message = f"The MCP server wants a login at {', '.join(published)}, but only {pinned} is trusted."
        hint = "If the server has moved its login, change issuer=; else tell its operator."
        raise IssuerMismatch(message, hint=hint, expected=pinned, received=published[0])
    return (pinned,)


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

    :param pinned: What the user set: exactly this.
    :param challenged: What the MCP server's challenge names.
    :param published: What the resource metadata lists.
    :param server: The authorization server.
    :param offline_access: False to leave `offline_access` out even where it is listed.
    :returns: The scope to ask for, or None to leave the parameter out.
    """
    if pinned is not None:
        return pinned
    chosen = challenged or published
    if chosen is not None and offline_access and OFFLINE_ACCESS in (server.scopes_supported or ()):
        return unite(chosen, (OFFLINE_ACCESS,))
    return chosen


def smaller_scope(scope: Scope | None, published: Scope | None, error: str | None) -> Scope | None:
    """
    Find what to leave out when an authorization server refuses a scope: `offline_access`, which only we added.

    :param scope: What was asked for.
    :param published: What the resource metadata lists.
    :param error: The error code.
    :returns: A smaller scope to ask for once more, or None when there is nothing of ours to leave out.
    """
    if error != "invalid_scope" or scope is None or OFFLINE_ACCESS not in scope:
        return None
    if OFFLINE_ACCESS in (published or ()):
        return None
    return tuple(token for token in scope if token != OFFLINE_ACCESS) or None


def declines_resource(error: str | None, description: str | None) -> bool:
    """
    Tell whether a server says that it does not take the `resource` parameter at all.

    `invalid_target` is another matter: it speaks about this resource, and nothing is tried without it (RFC 8707 §2).

    :param error: The error code.
    :param description: Its description.
    :returns: True where the description says that the parameter is not supported.
    """
    return error == "invalid_request" and _NO_RESOURCE.search(description or "") is not None


def declines_audience(audience: str, description: str | None) -> bool:
    """
    Tell whether a server says that it does not know the audience, which no specification wanted us to send.

    :param audience: What was sent.
    :param description: What the server said.
    :returns: True where it repeats the audience and says that there is no such thing.
    """
    text = description or ""
    return audience in text and any(phrase in text.lower() for phrase in ("not found", "not enabled"))


def corrected(request: TokenRequest, refusal: Refused, granted: Scope | None) -> TokenRequest | None:
    """
    Change a token request the way the server's refusal says, for one more try.

    :param request: The request that was refused; not one with a code, which is good for one try.
    :param refusal: What the server said.
    :param granted: The scope the session has, if any.
    :returns: The request to send instead, or None when the refusal is final.
    """
    if request.resource is not None and declines_resource(refusal.error, refusal.description):
        return request.without_resource()
    if granted and not request.names_scope and wants_scope_named(refusal.error, refusal.description):
        return request.with_scope(granted)
    return None


def ends_refresh_token(error: str | None) -> bool:
    """
    Tell whether a refusal says that the refresh token is of no use any more.

    :param error: The error code.
    :returns: True for `invalid_grant` (RFC 6749 §5.2), and for codes of a server's own that name the refresh token
        (`bad_refresh_token` of GitHub, `invalid_refresh_token` of Slack).
    """
    return error is not None and (error == "invalid_grant" or "refresh_token" in error)


def wants_scope_named(error: str | None, description: str | None) -> bool:
    """
    Tell whether a server wants to read the scope in a refresh, where RFC 6749 §6 lets it be left out (Entra ID).

    :param error: The error code.
    :param description: Its description.
    :returns: True if the refusal is about the scope.
    """
    about_scope = error == "invalid_request" and "scope" in (description or "").lower()
    return error == "invalid_scope" or about_scope


def presented(token: Token, bearer: BearerName) -> Token:
    """
    Give the token as the MCP server wants to see it.

    :param token: What the token endpoint issued.
    :param bearer: Which of its tokens the server wants (Amazon Cognito's gateways want the ID token).
    :returns: The token; its access token is what goes into the header.
    :raises Unsupported: If an ID token is wanted and none was issued.
    """
    if bearer == "access_token":
        return token
    if token.id_token is None:
        message = "The MCP server wants an ID token, and the authorization server issued none."
        raise Unsupported(message, hint='Ask for the scope "openid" too, or set bearer="access_token".')
    return replace(token, access_token=token.id_token, token_type=TokenType.BEARER)


def overlaid(profile: Profile, **settings: Any) -> Profile:
    """
    Lay what the user has set over what is known of a provider.

    :param profile: The provider's profile.
    :param settings: Members of the profile; None means that the user has left it open.
    :returns: The profile to go by.
    """
    return replace(profile, **{name: value for name, value in settings.items() if value is not None})


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


def fits_scheme(session: Session, challenge: Challenge | None) -> bool:
    """
    Tell whether the session's token can be presented in the scheme of a challenge (RFC 9110 §11.4).

    :param session: The session.
    :param challenge: The challenge, None if there was none.
    :returns: False if the challenge is for DPoP and the token is bound to no key.
    """
    return challenge is None or challenge.scheme != DPOP or session.dpop_key is not None


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
