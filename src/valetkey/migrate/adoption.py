# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Making a session of what another program keeps: whose it is, at which endpoints it is renewed, and into the store.

A refresh token and a client's secret go to their own issuer and to nobody else. Most programs do not write down which
one that is, so it is taken over only where there is no doubt: the issuer is written down and the MCP server still names
it, or the MCP server names one only and the token does not contradict it.
"""

from dataclasses import dataclass

from valetkey import urls
from valetkey._clients.selection import ClientSelection
from valetkey._discovery.discovery import discover
from valetkey._discovery.target import AuthorizationTarget
from valetkey._policy.lifetime import is_expired
from valetkey._sessions.sessions import Sessions
from valetkey.errors import ConfigurationError, IssuerMismatch, LoginRequired, TemporaryError, Unsupported, quote
from valetkey.migrate.foreign import Foreign
from valetkey.protocol.assertion import read_claims
from valetkey.protocol.challenge import Challenge, challenge_to_answer, parse_challenges
from valetkey.seams import Seams
from valetkey.settings.settings import Settings
from valetkey.store.leases.holding import LeaseTimeout, hold
from valetkey.store.protocol import ABSENT, Conflict, Store
from valetkey.values import Client, MetadataSource, Scope, Session, TokenType
from valetkey.wire import HttpRequest

_LOG_IN = "Log in instead of taking that session over."


@dataclass(frozen=True, slots=True)
class TakenOver:
    """
    What was taken over; no token in it.

    :param program: Whose session it was.
    :param place: Where that program keeps it.
    :param issuer: The authorization server it belongs to.
    :param client_id: The client it was issued to.
    :param scope: The granted scope, if it is known.
    :param expires_at: When the access token ends, Unix time in seconds; None if nobody knows.
    :param renewable: True if there is a refresh token.
    """

    program: str
    place: str
    issuer: str
    client_id: str
    scope: Scope | None
    expires_at: float | None
    renewable: bool


def adopt(foreign: Foreign, settings: Settings, store: Store, seams: Seams, *, overwrite: bool = False) -> TakenOver:
    """
    Keep the session of another program as if a person had logged in here.

    :param foreign: What the other program keeps.
    :param settings: The settings the session will be used with.
    :param store: Where it is kept from now on.
    :param seams: Where this touches the world.
    :param overwrite: True to write over a session that is there already.
    :returns: What was taken over.
    :raises ConfigurationError: If there is a session already, or several issuers it may belong to.
    :raises IssuerMismatch: If it belongs to another issuer than the MCP server names.
    :raises LoginRequired: If it is of no use any more, or its client is not known.
    :raises Unsupported: If it is bound to a key, or nothing can be found out about the MCP server's login.
    :raises TemporaryError: If the MCP server or its issuer does not answer.
    :raises StoreError: If the store cannot be read or written.
    """
    _require_use(foreign, seams.now())
    sessions = Sessions(settings, store, seams)
    if not overwrite and sessions.read()[1] is not ABSENT:
        raise _exists(settings)
    with seams.keep_connections():
        target = discover(
            settings,
            _challenge(settings, seams),
            seams.send,
            preferred=() if foreign.issuer is None else (foreign.issuer,),
        )
    _require_owner(foreign, target, settings)
    session = Session(
        token=foreign.token,
        client=_client(foreign, target, ClientSelection(settings, store, seams)),
        server=target.server,
        resource=foreign.resource_of(target),
        requested_scope=foreign.requested_scope,
    )
    _keep(session, sessions, settings, seams, overwrite=overwrite)
    return TakenOver(
        program=foreign.program,
        place=foreign.place,
        issuer=session.issuer,
        client_id=session.client.client_id,
        scope=session.token.scope,
        expires_at=session.token.expires_at,
        renewable=session.token.refresh_token is not None,
    )


def _require_use(foreign: Foreign, now: float) -> None:
    token = foreign.token
    if token.token_type is not TokenType.BEARER:
        message = f"The token in {foreign.place} is bound to a key that {foreign.program} does not hand over."
        raise Unsupported(message, hint=_LOG_IN)
    if token.refresh_token is None and is_expired(token, now):
        message = f"The token in {foreign.place} has expired, and there is none to renew it with."
        raise LoginRequired(message, hint="Log in.")


def _challenge(settings: Settings, seams: Seams) -> Challenge | None:
    """Call the MCP server without a token: it may say where its metadata is (RFC 9728 §5.1), and nobody else knows."""
    headers = (("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream"))
    response = seams.send(
        HttpRequest("POST", settings.server_url, "see how the MCP server wants a login", headers=headers, body=b"{}")
    )
    challenges = parse_challenges(value for name, value in response.headers if name.lower() == "www-authenticate")
    return challenge_to_answer(challenges) if response.status == 401 else None


def _require_owner(foreign: Foreign, target: AuthorizationTarget, settings: Settings) -> None:
    """Make sure that the issuer that was found is the one that has issued the token and registered the client."""
    issuer = target.server.issuer
    if target.server.source is MetadataSource.GUESSED:
        message = f"{settings.server_url} publishes nothing about its login, so nobody knows whose token this is."
        raise Unsupported(message, hint="Log in, or give issuer=.", tried=target.asked)
    if foreign.issuer is not None:
        if not urls.same_issuer(foreign.issuer, issuer, strict=settings.strict):
            raise _another(foreign, foreign.issuer, issuer, "The server has moved its login: log in anew.")
        return
    if settings.issuer is not None:
        return  # the user knows
    named = target.metadata.authorization_servers if target.metadata is not None else ()
    if len(named) > 1:
        message = (
            f"{settings.server_url} names several issuers, and {foreign.program} has not written down which it was."
        )
        raise ConfigurationError(message, hint=f"Give issuer=, one of {', '.join(named)}.")
    claims = read_claims(foreign.token.access_token) or {}
    claimed = claims.get("iss")
    # RFC 9068 §2.2. Many providers sign with a name that is not quite the issuer's, so only the origin is compared.
    if (
        isinstance(claimed, str)
        and claimed.startswith(("https://", "http://"))
        and not urls.same_origin(claimed, issuer)
    ):
        hint = "Log in anew; or give issuer= if you know that both are the same authorization server."
        raise _another(foreign, claimed, issuer, hint)


def _another(foreign: Foreign, expected: str, received: str, hint: str) -> IssuerMismatch:
    message = f"The session in {foreign.place} belongs to {quote(expected)}, but the MCP server names {received}."
    return IssuerMismatch(message, hint=hint, expected=expected, received=received)


def _client(foreign: Foreign, target: AuthorizationTarget, clients: ClientSelection) -> Client:
    client = clients.without_registration(target.server, document=True) or foreign.client_at(target.server)
    if client is None:
        message = f"{foreign.program} has not written down which client the session in {foreign.place} belongs to."
        raise LoginRequired(message, hint="Give the client_id that it was run with, and the client_secret if any.")
    return client


def _keep(session: Session, sessions: Sessions, settings: Settings, seams: Seams, *, overwrite: bool) -> None:
    """Write it under the lease, so that no renewal of what was there comes between."""
    try:
        lease = hold(sessions.store, sessions.key, pause=seams.pause, monotonic=seams.monotonic)
    except LeaseTimeout as error:
        message = f"Another program is busy with the session at {settings.server_url}."
        raise TemporaryError(message, hint="End it, or try again in a moment.") from error
    with lease:
        while True:
            version = sessions.read()[1]
            if version is not ABSENT and not overwrite:
                raise _exists(settings)
            try:
                sessions.write(session, version)
            except Conflict:
                continue  # somebody without our lease has written
            return


def _exists(settings: Settings) -> ConfigurationError:
    message = f"There is a session at {settings.server_url} already."
    return ConfigurationError(message, hint="Go on with it, or give overwrite=True.")
