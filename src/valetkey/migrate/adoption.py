# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Making a session out of what another program keeps, and writing it into the store.

A refresh token and a client's secret go to their own issuer only. Most programs do not write the issuer down. So a
session is migrated only if its issuer is certain: the issuer is written down and the MCP server still names it, or the
MCP server names exactly one and the token does not contradict it.
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
from valetkey.store.another import busy_hint
from valetkey.store.leases.holding import LeaseTimeout, hold
from valetkey.store.protocol import ABSENT, Conflict, Store
from valetkey.values import Client, MetadataSource, Scope, Session, TokenType
from valetkey.wire import HttpRequest

_LOG_IN = "Log in instead of migrating that session."


@dataclass(frozen=True, slots=True)
class MigratedSession:
    """
    A description of a session that has been migrated. It holds no token.

    :param program: The program that kept the session.
    :param place: The file or storage in which that program keeps it.
    :param issuer: The issuer of the authorization server it belongs to.
    :param client_id: The client it was issued to.
    :param scope: The granted scope; None if the program does not write it down.
    :param expires_at: When the access token expires, in Unix time; None if that is unknown.
    :param renewable: True if there is a refresh token.
    """

    program: str
    place: str
    issuer: str
    client_id: str
    scope: Scope | None
    expires_at: float | None
    renewable: bool


def adopt(
    foreign: Foreign, settings: Settings, store: Store, seams: Seams, *, overwrite: bool = False
) -> MigratedSession:
    """Store the session of another program as if the user had logged in with Valetkey."""
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
    return MigratedSession(
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
    """Call the MCP server without a token: only its challenge may name its metadata (RFC 9728 §5.1)."""
    headers = (("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream"))
    response = seams.send(
        HttpRequest("POST", settings.server_url, "see how the MCP server wants a login", headers=headers, body=b"{}")
    )
    challenges = parse_challenges(value for name, value in response.headers if name.lower() == "www-authenticate")
    return challenge_to_answer(challenges) if response.status == 401 else None


def _require_owner(foreign: Foreign, target: AuthorizationTarget, settings: Settings) -> None:
    """Make sure that the discovered issuer is the one that issued the token and registered the client."""
    issuer = target.server.issuer
    if target.server.source is MetadataSource.GUESSED:
        message = f"{settings.server_url} publishes nothing about its login, so the issuer of this token is unknown."
        raise Unsupported(message, hint="Log in, or give issuer=.", tried=target.asked)
    if foreign.issuer is not None:
        if not urls.same_issuer(foreign.issuer, issuer, strict=settings.strict):
            raise _another(foreign, foreign.issuer, issuer, "The server has moved its login: log in anew.")
        return
    if settings.issuer is not None:
        return  # the user has named the issuer
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
    """Write the session under its lease, so that no program renews the previous session meanwhile."""
    try:
        lease = hold(sessions.store, sessions.key, pause=seams.pause, monotonic=seams.monotonic)
    except LeaseTimeout as error:
        message = f"Another program is busy with the session at {settings.server_url}."
        raise TemporaryError(message, hint=busy_hint(sessions.store)) from error
    with lease:
        while True:
            version = sessions.read()[1]
            if version is not ABSENT and not overwrite:
                raise _exists(settings)
            try:
                sessions.write(session, version)
            except Conflict:
                continue  # a program without the lease has written the record
            return


def _exists(settings: Settings) -> ConfigurationError:
    message = f"There is a session at {settings.server_url} already."
    return ConfigurationError(message, hint="Go on with it, or give overwrite=True.")
