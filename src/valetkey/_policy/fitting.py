# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Whether a stored session fits the settings, and what of it the settings replace: one row for each option.

A session's terms are the settings that its token was asked for with. An option that has not changed since then never
contradicts the session, whatever a server made of it: it may have granted less, or have refused `resource`. So a login
with the same settings cannot be wanted twice. Where no terms are recorded (older versions, other programs), only what
is certain counts.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from valetkey import urls
from valetkey._policy.given import client_given, names_issuer, overridden
from valetkey._policy.scope import unite
from valetkey.settings.credentials import RegisteredClient
from valetkey.settings.settings import Settings
from valetkey.values import Client, ClientOrigin, MetadataSource, Session, Terms, TokenType


class Effect(Enum):
    """What becomes of a stored session where an option has changed since its login."""

    KEY = "another session is meant, with a record of its own"
    NEW_TOKEN = "the session is not used, and stays until a new one replaces it"
    AT_ONCE = "the session is used, and the next request that needs the option has the new value"
    NEXT_LOGIN = "the session is used, and the next login or registration has the new value"


@dataclass(frozen=True, slots=True)
class OptionRow:
    """One option of the settings: its effect, and for `NEW_TOKEN` the condition under which it wants another token."""

    option: str
    effect: Effect
    contradicts: Callable[[Settings, Session], bool] = lambda *_: False


def _is_of_another_issuer(settings: Settings, session: Session) -> bool:
    if settings.issuer is not None:
        return settings.issuer != session.issuer
    if not settings.needs_no_discovery:
        return False
    # Nothing is discovered, and the origin of the token endpoint stands for its issuer: a refresh token does not move.
    endpoint = settings.token_endpoint or ""
    known = (session.issuer, session.server.token_endpoint or "")
    return not any(urls.same_origin(endpoint, url) for url in known)


def _is_of_another_client(settings: Settings, session: Session) -> bool:
    given = client_given(settings, session.issuer)
    if given is not None:
        return given.client_id != session.client.client_id
    if session.client.origin is not ClientOrigin.DOCUMENT:
        return False
    from valetkey.protocol.project_document import is_project_document  # few sessions are of a document

    is_projects = settings.client_metadata_url is None and is_project_document(session.client)
    return not is_projects and session.client.client_id != settings.own_document


def _asks_for_more_scope(settings: Settings, session: Session) -> bool:
    """Compare with what was asked for, and not with what was granted: a server that grants less would be asked again"""
    terms = session.terms
    if settings.scope is None or (terms is None and session.requested_scope is None):
        return False
    asked = unite(session.requested_scope, terms.scope if terms is not None else None)
    return not set(settings.scope) <= set(asked)


def _asks_for_another_resource(settings: Settings, session: Session) -> bool:
    terms = session.terms
    if terms is not None and (terms.resource, terms.send_resource) == (settings.resource, settings.send_resource):
        return False
    if settings.send_resource is False:
        return session.resource is not None
    if session.resource is None:  # a server may have refused the parameter, and an old record does not say so
        wants_one = settings.resource is not None or settings.send_resource is True
        return terms is not None and (wants_one or terms.send_resource is False)
    if settings.resource is not None:
        return session.resource != settings.resource
    was_set = terms is not None and terms.resource is not None
    return was_set and session.resource != urls.canonical_resource(settings.server_url)


def _wants_another_bearer(settings: Settings, session: Session) -> bool:
    """The ID token may be in the record already; the access token under it comes with a renewal."""
    if _presents_what_is_wanted(settings, session) or _can_present_identity(settings, session):
        return False
    return settings.bearer == "id_token" or session.token.refresh_token is None


def _is_of_another_grant(settings: Settings, session: Session) -> bool:
    """A person may log in either way; a machine, a workload and an employee are three subjects."""
    return settings.is_machine and session.terms is not None and session.terms.grant != settings.chosen_grant


OPTIONS = (
    OptionRow("url", Effect.KEY),
    OptionRow("principal", Effect.KEY),
    OptionRow("label", Effect.KEY),
    OptionRow("issuer", Effect.NEW_TOKEN, _is_of_another_issuer),
    OptionRow("client_id", Effect.NEW_TOKEN, _is_of_another_client),
    OptionRow("clients", Effect.NEW_TOKEN, _is_of_another_client),
    OptionRow("client_metadata_url", Effect.NEW_TOKEN, _is_of_another_client),
    OptionRow("grant", Effect.NEW_TOKEN, _is_of_another_grant),
    OptionRow("dpop", Effect.NEW_TOKEN, lambda settings, session: settings.dpop not in (None, _is_bound(session))),
    OptionRow("scope", Effect.NEW_TOKEN, _asks_for_more_scope),
    OptionRow("resource", Effect.NEW_TOKEN, _asks_for_another_resource),
    OptionRow("send_resource", Effect.NEW_TOKEN, _asks_for_another_resource),
    OptionRow("bearer", Effect.NEW_TOKEN, _wants_another_bearer),
    OptionRow("client_secret", Effect.AT_ONCE),
    OptionRow("client_authentication", Effect.AT_ONCE),
    OptionRow("private_key", Effect.AT_ONCE),
    OptionRow("signing_algorithm", Effect.AT_ONCE),
    OptionRow("client_assertion", Effect.AT_ONCE),
    OptionRow("assertion_audience", Effect.AT_ONCE),
    OptionRow("workload_token", Effect.AT_ONCE),
    OptionRow("identity_provider", Effect.AT_ONCE),
    OptionRow("token_endpoint", Effect.AT_ONCE),
    OptionRow("authorization_endpoint", Effect.AT_ONCE),
    OptionRow("device_authorization_endpoint", Effect.AT_ONCE),
    OptionRow("registration_endpoint", Effect.AT_ONCE),
    OptionRow("profile", Effect.AT_ONCE),
    OptionRow("strict", Effect.AT_ONCE),
    OptionRow("approve_scope", Effect.AT_ONCE),
    OptionRow("on_event", Effect.AT_ONCE),
    OptionRow("authorization_parameters", Effect.AT_ONCE),
    OptionRow("login_timeout", Effect.AT_ONCE),
    OptionRow("network", Effect.AT_ONCE),
    OptionRow("redirect_uri", Effect.NEXT_LOGIN),
    OptionRow("public_url", Effect.NEXT_LOGIN),
    OptionRow("client_name", Effect.NEXT_LOGIN),
    OptionRow("initial_access_token", Effect.NEXT_LOGIN),
    OptionRow("offline_access", Effect.NEXT_LOGIN),
    OptionRow("assume_pkce", Effect.NEXT_LOGIN),
)
"""What each option of the settings does to a session that is in the store."""


def contradicting_option(settings: Settings, session: Session) -> str | None:
    """Give the name of the first option that wants another token than the session's; None if the session fits."""
    return next((row.option for row in OPTIONS if row.contradicts(settings, session)), None)


def terms_of(settings: Settings) -> Terms:
    """Give the terms of a session that is obtained with these settings."""
    return Terms(
        settings.scope, settings.resource, settings.send_resource, settings.bearer, grant=settings.chosen_grant
    )


def terms_after_renewal(settings: Settings, session: Session) -> Terms | None:
    """Give the terms of a renewed session: those of its login, and the bearer of today."""
    return session.terms and replace(session.terms, bearer=settings.bearer)


def as_set(settings: Settings, session: Session) -> Session:
    """Give a session with what the settings replace of it: endpoints, the client's credentials, the bearer."""
    given, server = client_given(settings, session.issuer), overridden(session.server, settings)
    client = session.client if given is None else _with_credentials(session, given, settings)
    if server is not session.server or client is not session.client:
        session = replace(session, server=server, client=client)
    return _with_bearer(session, settings)


def as_kept(session: Session, shown: Session, stored: Session) -> Session:
    """
    Give a session that is not renewed as its record keeps it: with what has happened to it, and as it was stored else.

    `shown` is `stored` as the settings replace it. A setting that may be wrong is no part of the record, and another
    program's access token stays.
    """
    return replace(
        stored,
        token=replace(stored.token, refresh_token=session.token.refresh_token),
        server=stored.server if session.server == shown.server else session.server,
        refresh_intent=session.refresh_intent,
        ended=session.ended,
    )


def _with_credentials(session: Session, given: RegisteredClient, settings: Settings) -> Client:
    """A client registered by hand has the credentials of the settings; a migrated record may have more of them."""
    client = session.client
    proves = given.client_secret is not None or given.client_authentication is not None or settings.can_sign
    is_stored = client.registered or session.server.source is MetadataSource.GUESSED  # a guess gets no secret
    if client.client_id != given.client_id or is_stored or not (proves or session.terms is not None):
        return client
    if given.client_secret is not None and client.secret is None and not _may_show_secret(session, settings):
        return client
    return replace(client, secret=given.client_secret, authentication=given.client_authentication)


def _may_show_secret(session: Session, settings: Settings) -> bool:
    """Tell whether the user has named the receiver: a session may be of an issuer that the MCP server has chosen."""
    is_named = names_issuer(settings) or settings.token_endpoint is not None
    return is_named or session.server.source is MetadataSource.CONFIGURED


def _with_bearer(session: Session, settings: Settings) -> Session:
    token, terms = session.token, session.terms
    if _presents_what_is_wanted(settings, session):
        return session
    if token.id_token is None or not _can_present_identity(settings, session):
        # It is not sent any more, and a renewal brings the other one.
        return replace(session, token=replace(token, expires_at=token.obtained_at))
    token = replace(token, access_token=token.id_token, token_type=TokenType.BEARER)
    return replace(session, token=token, terms=terms and replace(terms, bearer=settings.bearer))


def _presents_what_is_wanted(settings: Settings, session: Session) -> bool:
    token, terms = session.token, session.terms
    if terms is not None:
        return (terms.bearer or "access_token") == (settings.bearer or "access_token")
    presents_identity = token.id_token is not None and token.access_token == token.id_token
    return settings.bearer is None or presents_identity == (settings.bearer == "id_token")


def _can_present_identity(settings: Settings, session: Session) -> bool:
    return settings.bearer == "id_token" and session.token.id_token is not None and not _is_bound(session)


def _is_bound(session: Session) -> bool:
    return session.dpop_key is not None
