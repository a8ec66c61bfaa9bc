# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Who we are at which issuer: the client the user gave, the one we registered before, or a new registration."""

from valetkey import policy
from valetkey.errors import (
    AuthError,
    ClientRefused,
    ConfigurationError,
    IssuerMismatch,
    MalformedDocument,
    Refused,
    TemporaryError,
    Unsupported,
)
from valetkey.protocol.registration import ClientMetadata, parse_registration, registration_request
from valetkey.seams import Seams
from valetkey.settings import Settings
from valetkey.store import Conflict, Record, Store
from valetkey.store.records import client_key, decode_client, decode_pin, encode_client, encode_pin, pin_key
from valetkey.store.turn import TurnTimeout, take_turn
from valetkey.values import Client, MetadataSource, Scope, ServerMetadata

_REGISTRATION_SECONDS = 25.0


class Clients:
    """
    The clients of one MCP server's settings. Each belongs to an issuer and is never shown to another.

    :param settings: The settings.
    :param store: Where registrations are kept.
    :param seams: Where the engine touches the world.
    """

    def __init__(self, settings: Settings, store: Store, seams: Seams) -> None:
        self._settings = settings
        self._store = store
        self._seams = seams

    def redirect_uri(self, issuer: str) -> tuple[str | None, bool]:
        """
        Give the address a login should listen at, before it is known whether it is free.

        :param issuer: The issuer of the login.
        :returns: The address and whether no other will do; None for any. A client that we registered keeps its port:
            not every server lets a loopback port vary, as RFC 8252 §7.3 wants.
        """
        if self._settings.redirect_uri is not None:
            return self._settings.redirect_uri, True
        known = None if self._settings.client_id is not None else self._registered(issuer)
        return (known.redirect_uri if known is not None else None), False

    def for_login(self, server: ServerMetadata, redirect_uri: str, scope: Scope | None) -> Client:
        """
        Give the client for a login: configured, known for this issuer, or newly registered.

        :param server: The authorization server.
        :param redirect_uri: The address of the login.
        :param scope: The scope the client will ask for.
        :returns: The client.
        :raises Unsupported: If the server registers nobody and no client was given.
        :raises ClientRefused: If it does not register us.
        """
        if self._settings.client_id is not None:
            return self.configured(server)
        if server.registration_endpoint is None:
            message = f"{server.issuer} does not let programs register themselves."
            hint = f"Register a client there by hand with the redirect address {redirect_uri} and give its client_id."
            raise Unsupported(message, hint=hint)

        def known() -> Client | None:
            client = self._registered(server.issuer)
            now = self._seams.now()
            if client is None or not policy.is_client_usable(
                client, issuer=server.issuer, redirect_uri=redirect_uri, now=now
            ):
                return None
            return client

        key = client_key(server.issuer, self._settings)
        pause, monotonic = self._seams.pause, self._seams.monotonic
        try:
            turn = take_turn(self._store, key, known, seconds=_REGISTRATION_SECONDS, pause=pause, monotonic=monotonic)
        except TurnTimeout as error:
            message = f"Another program has been registering at {server.issuer} for too long."
            raise TemporaryError(message, hint="Try again later.") from error
        if isinstance(turn, Client):
            return turn
        with turn:
            return known() or self._register(server, ClientMetadata(redirect_uri, self._settings.client_name, scope))

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
        settings = self._settings
        if settings.client_id is None:
            message = "There is no client_id."
            raise ConfigurationError(message, hint="Give client_id and client_secret.")
        if settings.client_secret is not None and server.source is MetadataSource.GUESSED:
            message = f"{settings.server_url} publishes no token endpoint, and a secret is not sent to a guess."
            raise Unsupported(message, hint="Give issuer= or token_endpoint=.")
        if settings.issuer is None and server.source is not MetadataSource.CONFIGURED:
            self._check_pin(server.issuer)
        return Client(
            client_id=settings.client_id,
            issuer=server.issuer,
            secret=settings.client_secret,
            authentication=settings.client_authentication,
            redirect_uri=settings.redirect_uri,
        )

    def forget(self, client: Client) -> None:
        """
        Drop a registration the server does not know any more, so that the next login registers anew.

        :param client: The client; one that the user gave is left alone.
        """
        key = client_key(client.issuer, self._settings)
        record = self._store.get(key)
        if client.registered and record is not None and decode_client(record.value).client_id == client.client_id:
            try:
                self._store.delete(key, if_version=record.version)
            except Conflict:
                return  # somebody has already registered anew

    def forget_refused(self, client: Client, refusal: Refused) -> None:
        """
        Drop a registration if that is what the server refused.

        :param client: The client.
        :param refusal: What the server said.
        """
        if isinstance(refusal, ClientRefused):
            self.forget(client)

    def _registered(self, issuer: str) -> Client | None:
        record = self._store.get(client_key(issuer, self._settings))
        return None if record is None else decode_client(record.value)

    def _register(self, server: ServerMetadata, metadata: ClientMetadata) -> Client:
        response = self._seams.send(registration_request(server, metadata))
        try:
            client = parse_registration(response, server, metadata, now=self._seams.now())
        except (Refused, MalformedDocument) as error:
            if server.source is MetadataSource.GUESSED:
                raise self._no_login(error) from error
            raise
        self._store.put(client_key(server.issuer, self._settings), encode_client(client))
        return client

    def _no_login(self, error: AuthError) -> Unsupported:
        message = f"{self._settings.server_url} rejects the call, but publishes nothing about how to log in."
        hint = "Check the URL; if it is right, ask its operator for a token, or give issuer= and client_id=."
        return Unsupported(message, hint=hint, tried=(error.message,))

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
