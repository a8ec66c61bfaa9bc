# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Who we are at which issuer: the client the user gave, the one we registered before, or a new registration."""

from valetkey._clients.registration import ClientChoice, Registrations, registration_hint
from valetkey._discovery.target import AuthorizationTarget
from valetkey._sessions.codec import decode_pin, encode_pin, pin_key
from valetkey.errors import (
    AuthError,
    ClientRefused,
    ConfigurationError,
    IssuerMismatch,
    LoginFailed,
    Refused,
    Unsupported,
)
from valetkey.protocol.registration import ClientMetadata
from valetkey.seams import Seams
from valetkey.settings.credentials import RegisteredClient
from valetkey.settings.settings import Settings
from valetkey.store.protocol import Conflict, Record, Store
from valetkey.values import Client, ClientAuthentication, ClientOrigin, MetadataSource, Scope, ServerMetadata

CLIENT_ERRORS = frozenset({"invalid_client", "unauthorized_client"})
"""RFC 6749 §4.1.2.1, §5.2: the server does not know this client, or not for this."""

ANY_LOCALHOST = "http://localhost:0/callback"
"""A free port, to be found under the name `localhost`."""


class ClientSelection:
    """
    The clients of one MCP server's settings. Each belongs to an issuer and is never shown to another.

    The order: given by the user, known from before, a document of the user's, a new registration (MCP, Client
    Registration).

    :param settings: The settings.
    :param store: Where registrations are kept.
    :param seams: Where the engine touches the world.
    """

    def __init__(self, settings: Settings, store: Store, seams: Seams) -> None:
        self._settings = settings
        self._store = store
        self._seams = seams
        self.registrations: Registrations = Registrations(settings, store, seams)
        self._unwanted_documents: set[str] = set()  # issuers that announced to take one and did not

    def redirect_uri(self, target: AuthorizationTarget, *, localhost: bool = False) -> tuple[str | None, bool]:
        """
        Give the address a login should listen at, before it is known whether it is free.

        :param target: The authorization server of the login.
        :param localhost: True to be found under the name `localhost`.
        :returns: The address and whether no other will do; None for any. A client that we registered keeps its port:
            not every server lets a loopback port vary, as RFC 8252 §7.3 wants.
        """
        issuer = target.server.issuer
        given = self._given(issuer)
        fixed = given.redirect_uri if given is not None else self._settings.redirect_uri
        if fixed is not None:
            return fixed, True
        known = None if given is not None or localhost else self.registrations.known(issuer)
        address = known.redirect_uri if known is not None else None
        if address is None and (localhost or target.profile.localhost):
            address = ANY_LOCALHOST
        return address, False

    def for_login(self, target: AuthorizationTarget, redirect_uri: str | None, scope: Scope | None) -> ClientChoice:
        """
        Give the client for a login.

        :param target: The authorization server.
        :param redirect_uri: The address of the login, None for one on another device.
        :param scope: The scope the client will ask for.
        :returns: The client.
        :raises Unsupported: If the server registers nobody and no client was given.
        :raises ClientRefused: If it does not register us.
        """
        server = target.server
        if self._given(server.issuer) is not None:
            return ClientChoice(self.configured(server))
        known = self.registrations.usable(server.issuer, redirect_uri)
        if known is not None:
            return ClientChoice(known)
        document = self._document(server, redirect_uri)
        if document is not None:
            return ClientChoice(document)
        if server.registration_endpoint is None:
            raise self._nobody_is_registered(target, redirect_uri)
        wanted = ClientMetadata(
            redirect_uri, self._settings.client_name, scope, binds_tokens=self._settings.dpop is True
        )
        return self.registrations.register(target, wanted)

    def configured(self, server: ServerMetadata) -> Client:
        """
        Give the client the user registered by hand, for the issuer it belongs to.

        Without `issuer=`, the first issuer it is used at is remembered, and no other will ever see it
        (MCP 2026-07-28, Authorization Server Binding).

        :param server: The authorization server.
        :returns: The client.
        :raises IssuerMismatch: If the MCP server now names another issuer.
        :raises Unsupported: If the server's endpoints are only guessed, and there is a secret.
        """
        given = self._given(server.issuer)
        if given is None:
            message = f"There is no client for {server.issuer}."
            raise ConfigurationError(message, hint="Give client_id and client_secret, or clients= with its issuer.")
        is_secret = given.client_secret is not None or self._settings.can_sign
        if is_secret and server.source is MetadataSource.GUESSED:
            message = f"{self._settings.server_url} publishes no token endpoint, and a secret is not sent to a guess."
            raise Unsupported(message, hint="Give issuer= or token_endpoint=.")
        is_bound = self._settings.issuer is not None or bool(self._settings.clients)
        if not is_bound and server.source is not MetadataSource.CONFIGURED:
            self._check_pin(server.issuer)
        return Client(
            client_id=given.client_id,
            issuer=server.issuer,
            secret=given.client_secret,
            authentication=given.client_authentication,
            redirect_uri=given.redirect_uri,
        )

    def without_registration(self, server: ServerMetadata, *, document: bool = False) -> Client | None:
        """
        Give the user's own client, for a grant in which neither a person nor a registration takes part.

        :param server: The authorization server.
        :param document: True if the user's metadata document may introduce it.
        :returns: The client, None if there is none for this server.
        :raises IssuerMismatch: If it belongs to another issuer.
        :raises Unsupported: If the server's endpoints are only guessed, and there is a secret.
        """
        if self._given(server.issuer) is not None:
            return self.configured(server)
        return self._document(server, None) if document else None

    def drop_refused(self, known: ClientChoice, error: AuthError) -> bool:
        """
        Take in how a login with a client failed, and tell whether another client may do better.

        :param known: The client of the login.
        :param error: What went wrong.
        :returns: True if the next login will have another client, and that is worth one more try at once.
        """
        client = known.client
        code = error.error if isinstance(error, LoginFailed | Refused) else None
        is_refused = isinstance(error, ClientRefused) or code in CLIENT_ERRORS
        if is_refused and client.origin is ClientOrigin.DOCUMENT:
            self._unwanted_documents.add(client.issuer)
            return True
        # A server that has forgotten a client tells nobody but the person, who then does not come back.
        is_silent = isinstance(error, LoginFailed) and code is None
        if client.registered and (is_refused or (is_silent and not known.is_new)):
            self.registrations.forget(client)
        return client.registered and is_refused and not known.is_new

    def _given(self, issuer: str) -> RegisteredClient | None:
        settings = self._settings
        if settings.client_id is None:
            return next((client for client in settings.clients if client.issuer == issuer), None)
        return RegisteredClient(
            issuer=settings.issuer or issuer,
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            client_authentication=settings.client_authentication,
            redirect_uri=settings.redirect_uri,
        )

    def _document(self, server: ServerMetadata, redirect_uri: str | None) -> Client | None:
        url = self._settings.client_metadata_url
        # MCP, Advertising CIMD Support: only where the server says that it takes one.
        if url is None or not server.client_id_metadata_document_supported:
            return None
        if server.issuer in self._unwanted_documents:
            return None
        method = ClientAuthentication.PRIVATE_KEY if self._settings.can_sign else ClientAuthentication.NONE
        return Client(
            client_id=url,
            issuer=server.issuer,
            authentication=method,
            redirect_uri=redirect_uri,
            origin=ClientOrigin.DOCUMENT,
        )

    def _nobody_is_registered(self, target: AuthorizationTarget, redirect_uri: str | None) -> Unsupported:
        message = f"{target.server.issuer} does not let programs register themselves."
        return Unsupported(message, hint=registration_hint(target, redirect_uri))

    def _check_pin(self, issuer: str) -> None:
        key = pin_key(self._settings)
        record: Record | None = self._store.get(key)
        if record is None:
            try:
                self._store.put(key, encode_pin(issuer), if_version=None)
            except Conflict:
                self._check_pin(issuer)
            return
        pinned = decode_pin(record.value)
        if pinned != issuer:
            message = f"The client {self._settings.client_id!r} belongs to {pinned}, but now {issuer} asks for it."
            hint = "If the server has moved its login, give issuer= with the new one; else tell its operator."
            raise IssuerMismatch(message, hint=hint, expected=pinned, received=issuer)
