# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Which client this program is at an authorization server.

For a login, the first row that gives a client decides (MCP, Client Registration):

| client | when |
|---|---|
| configured | `client_id` is set, or `clients` has one for this issuer |
| registered before | the store has a registration whose secret, redirect address and scope can be used |
| metadata document | `client_metadata_url` is set, and the server accepts such documents |
| the project's document | it covers the redirect address, `client_metadata_url` is not set, the server accepts it |
| registered now | the server publishes a registration endpoint |
"""

import logging
from dataclasses import dataclass

from valetkey._clients.advice import registration_hint
from valetkey._clients.registration import ClientChoice, Registrations
from valetkey._discovery.target import AuthorizationTarget
from valetkey._policy.given import client_given, names_issuer
from valetkey._policy.refusal import Asked, answer_of, meaning_of
from valetkey._sessions.codec import decode_pin, encode_pin, pin_key
from valetkey.errors import (
    AuthError,
    ConfigurationError,
    IssuerMismatch,
    LoginFailed,
    MalformedDocument,
    Refused,
    Unsupported,
)
from valetkey.profiles.catalog import find_profile
from valetkey.profiles.profile import STANDARD, Profile
from valetkey.protocol.error_response import CLIENT_ERRORS
from valetkey.protocol.project_document import is_project_document, project_document_for
from valetkey.seams import Seams
from valetkey.settings.settings import Settings
from valetkey.store.another import always_in_conflict
from valetkey.store.protocol import ABSENT, Conflict, Record, Store
from valetkey.values import Client, ClientAuthentication, ClientOrigin, MetadataSource, Scope, ServerMetadata

_logger = logging.getLogger("valetkey")

ANY_LOCALHOST = "http://localhost:0/callback"
"""A free port under the name `localhost`."""


@dataclass(frozen=True, slots=True)
class _Login:
    """What a login needs a client for."""

    target: AuthorizationTarget
    redirect_uri: str | None  # None for a login on another device
    scope: Scope | None

    @property
    def server(self) -> ServerMetadata:
        """The authorization server."""
        return self.target.server


class ClientSelection:
    """Selects the clients of one MCP server's settings. Each belongs to an issuer, and no other issuer gets it."""

    def __init__(self, settings: Settings, store: Store, seams: Seams) -> None:
        self._settings = settings
        self._store = store
        self._seams = seams
        self.registrations: Registrations = Registrations(settings, store, seams)
        self._refused_documents: set[str] = set()  # issuers that say they accept a document and refused ours
        self._doubted_documents: set[str] = set()  # issuers where a login with the project's brought no answer

    def with_settings(self, settings: Settings) -> "ClientSelection":
        """Give the selection for other settings, with the same store and seams."""
        return ClientSelection(settings, self._store, self._seams)

    def for_login(self, target: AuthorizationTarget, redirect_uri: str | None, scope: Scope | None) -> ClientChoice:
        """Give the client of the first row above that has one."""
        login = _Login(target, redirect_uri, scope)
        rows = (
            self._configured_for,
            self._registered_before,
            self._metadata_document,
            self._project_document,
            self._registered_now,
        )
        for row in rows:
            choice = row(login)
            if choice is not None:
                return choice
        message = f"{target.server.issuer} does not let programs register themselves."
        if target.server.issuer in self._refused_documents:
            message = f"{message.removesuffix('.')}, and it has refused the client's metadata document."
        raise Unsupported(message, hint=registration_hint(target, self._settings))

    def _configured_for(self, login: _Login) -> ClientChoice | None:
        if client_given(self._settings, login.server.issuer) is None:
            return None
        return ClientChoice(self.configured(login.server))

    def _registered_before(self, login: _Login) -> ClientChoice | None:
        issuer, address = login.server.issuer, login.redirect_uri
        stored = self.registrations.stored(issuer)
        client = self.registrations.fitting(stored, issuer, address, login.scope)
        if client is not None:
            return ClientChoice(client)
        narrower = self.registrations.fitting(stored, issuer, address)
        return None if narrower is None else self._widened(narrower, login)

    def _widened(self, narrower: Client, login: _Login) -> ClientChoice:
        """Register anew for more scope than the present registration allows; if that is refused, go on with less."""
        if login.server.registration_endpoint is None:
            return ClientChoice(narrower)
        try:
            return self.registrations.register(login.target, login.redirect_uri, login.scope)
        except (Refused, MalformedDocument) as error:
            _logger.info("no registration for more scope, the login asks for what the present one allows: %s", error)
            return ClientChoice(narrower)

    def _metadata_document(self, login: _Login) -> ClientChoice | None:
        client = self._own_document(login.server, login.redirect_uri)
        return None if client is None else ClientChoice(client)

    def _project_document(self, login: _Login) -> ClientChoice | None:
        url = project_document_for(login.redirect_uri) if self._settings.client_metadata_url is None else None
        if url is None or not self._takes_documents(login.server):
            return None
        if login.server.issuer in self._doubted_documents and login.server.registration_endpoint is not None:
            return None
        return ClientChoice(_document(url, login.server, login.redirect_uri, ClientAuthentication.NONE))

    def _registered_now(self, login: _Login) -> ClientChoice | None:
        if login.server.registration_endpoint is None:
            return None
        return self.registrations.register(login.target, login.redirect_uri, login.scope)

    def redirect_uri(self, target: AuthorizationTarget, *, localhost: bool = False) -> tuple[str | None, bool]:
        """
        Give the address at which the next login expects its answer.

        A client that we registered keeps its port: some servers do not let a loopback port vary (RFC 8252 §7.3).

        :returns: The address, None for any; and True if no other address can be used.
        """
        issuer = target.server.issuer
        given = client_given(self._settings, issuer)
        fixed = given.redirect_uri if given is not None else None
        if given is None or self._settings.public_url is not None:
            fixed = fixed or self._settings.answer_address
        if fixed is not None:
            return fixed, True
        registered = None if given is not None or localhost else self.registrations.stored(issuer)
        address = registered.redirect_uri if registered is not None else None
        if address is None and (localhost or target.profile.localhost):
            address = ANY_LOCALHOST
        return address, False

    def configured(self, server: ServerMetadata) -> Client:
        """
        Give the client in the settings, for the issuer it belongs to.

        Without `issuer=`, the store remembers the first issuer the client is used at, and no other issuer gets it
        (MCP 2026-07-28, Authorization Server Binding). A secret is shown to no issuer that the MCP server alone
        names (CVE-2026-115563), and to no guessed endpoint; the providers of the catalogue are names of ours.
        """
        given = client_given(self._settings, server.issuer)
        if given is None:
            message = f"There is no client for {server.issuer}."
            raise ConfigurationError(message, hint="Give client_id and client_secret, or clients= with its issuer.")
        is_secret = given.client_secret is not None or self._settings.can_sign
        if is_secret and server.source is MetadataSource.GUESSED:
            message = f"{self._settings.server_url} publishes no token endpoint, and a secret is not sent to a guess."
            raise Unsupported(message, hint="Give issuer= or token_endpoint=.")
        if not names_issuer(self._settings) and server.source is not MetadataSource.CONFIGURED:
            self._require_first_issuer(server.issuer, shows_secret=given.client_secret is not None)
        return Client(
            client_id=given.client_id,
            issuer=server.issuer,
            secret=given.client_secret,
            authentication=given.client_authentication,
            redirect_uri=given.redirect_uri,
        )

    def without_registration(self, server: ServerMetadata, *, document: bool = False) -> Client | None:
        """Give the user's own client, or else (with `document`) their metadata document, for a grant without login."""
        if client_given(self._settings, server.issuer) is not None:
            return self.configured(server)
        return self._own_document(server, None) if document else None

    def drop_refused(self, choice: ClientChoice, error: AuthError, profile: Profile = STANDARD) -> bool:
        """
        Drop the client of a failed login if its server does not know it, so that the next login has another one.

        :returns: True if the next login has another client, and is worth one try at once.
        """
        client = choice.client
        answer = answer_of(error, Asked.CODE, client, profile)
        if client.origin is ClientOrigin.DOCUMENT and answer is not None and answer.error in CLIENT_ERRORS:
            self.refuse_document(client)
            return True
        # A server that does not know a client shows that to the person alone, and the browser brings no answer.
        is_unanswered = isinstance(error, LoginFailed) and error.error is None
        is_gone = answer is not None and meaning_of(answer).ends_client
        if is_unanswered and is_project_document(client):
            self._doubted_documents.add(client.issuer)
        if is_gone or (client.registered and is_unanswered and not choice.is_new):
            self.registrations.refuse(choice)
        # The authorization endpoint sees no authentication: there, another method would be refused too.
        may_differ = choice.has_other and isinstance(error, Refused)
        return is_gone and (not choice.is_new or may_differ)

    def refuse_document(self, client: Client) -> None:
        """Show no document any more to a server that has refused one."""
        self._refused_documents.add(client.issuer)

    def _own_document(self, server: ServerMetadata, redirect_uri: str | None) -> Client | None:
        """Give the client of the user's metadata document, where the server says that it accepts one (MCP, CIMD)."""
        url = self._settings.own_document
        if url is None or not self._takes_documents(server):
            return None
        method = ClientAuthentication.PRIVATE_KEY if self._settings.can_sign else ClientAuthentication.NONE
        return _document(url, server, redirect_uri, method)

    def _takes_documents(self, server: ServerMetadata) -> bool:
        return server.client_id_metadata_document_supported and server.issuer not in self._refused_documents

    def _require_first_issuer(self, issuer: str, *, shows_secret: bool) -> None:
        key = pin_key(self._settings)
        record: Record | None = self._store.get(key)
        is_known = find_profile("auto", issuer=issuer).names(issuer)
        may_show = not shows_secret or is_known or self._settings.token_endpoint is not None
        if record is None and not may_show:
            raise self._names_no_issuer(issuer)
        if record is None:
            try:
                self._store.put(key, encode_pin(issuer), if_version=ABSENT)
            except Conflict:  # another program was first
                record = self._store.get(key)
                if record is None:
                    raise always_in_conflict() from None
            else:
                return
        pinned, saw_secret = decode_pin(record.value)
        if pinned == issuer and not may_show and not saw_secret:
            raise self._names_no_issuer(issuer)
        if pinned != issuer:
            message = f"The client {self._settings.client_id!r} belongs to {pinned}, but now {issuer} asks for it."
            hint = "If the server has moved its login, give issuer= with the new one; else tell its operator."
            raise IssuerMismatch(message, hint=hint, expected=pinned, received=issuer)

    def _names_no_issuer(self, issuer: str) -> ConfigurationError:
        client = f"the client {self._settings.client_id!r}"
        message = f"The settings do not say to which authorization server the secret of {client} belongs."
        hint = f"If it is {issuer}, which the MCP server names, give issuer={issuer!r}; else give the right one."
        return ConfigurationError(message, hint=hint)


def _document(url: str, server: ServerMetadata, redirect_uri: str | None, method: ClientAuthentication) -> Client:
    return Client(
        client_id=url,
        issuer=server.issuer,
        authentication=method,
        redirect_uri=redirect_uri,
        origin=ClientOrigin.DOCUMENT,
    )
