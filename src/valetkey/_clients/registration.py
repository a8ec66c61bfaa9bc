# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Dynamic client registration (RFC 7591): one for each issuer, stored, and dropped when the server does not know it."""

import logging
from dataclasses import dataclass
from functools import partial

from valetkey._clients.advice import registration_hint
from valetkey._discovery.target import AuthorizationTarget
from valetkey._policy.lifetime import is_client_usable
from valetkey._policy.registration_tries import MOST_TRIES, corrected
from valetkey._policy.scope import needs_wider_client, unite
from valetkey._sessions.codec import client_key, decode_client, encode_client
from valetkey.errors import AuthError, ClientRefused, MalformedDocument, Refused, TemporaryError, Unsupported
from valetkey.protocol.client_auth import registration_methods
from valetkey.protocol.listing import listed
from valetkey.protocol.registration import ClientMetadata, parse_registration, registration_request
from valetkey.seams import Seams
from valetkey.settings.settings import Settings
from valetkey.store.another import busy_hint
from valetkey.store.leases.holding import LeaseTimeout, hold
from valetkey.store.protocol import Conflict, Store
from valetkey.values import Client, ClientAuthentication, MetadataSource, Scope

_logger = logging.getLogger("valetkey")

KNOWN_SECONDS = 60.0
"""How long after an answer to a client its server is taken to know it."""


@dataclass(frozen=True, slots=True)
class ClientChoice:
    """The client for a login."""

    client: Client
    is_new: bool = False  # it was registered just now, so the server must know it
    asked: tuple[ClientAuthentication, ...] = ()  # the authentication method it was registered for, as asked and got
    has_other: bool = False  # it can be registered once more for another method


class Registrations:
    """The clients that Valetkey has registered."""

    def __init__(self, settings: Settings, store: Store, seams: Seams) -> None:
        self._settings = settings
        self._store = store
        self._seams = seams
        self._refused: dict[str, set[ClientAuthentication]] = {}  # by issuer: methods whose clients it refused
        self._known: dict[str, float] = {}  # by client_id: when its server last showed that it knows it

    def stored(self, issuer: str) -> Client | None:
        """Give the client that is registered at an issuer."""
        record = self._store.get(client_key(issuer, self._settings))
        return None if record is None else decode_client(record.value)

    def usable(self, issuer: str, redirect_uri: str | None, scope: Scope | None = None) -> Client | None:
        """
        Give the registered client if its secret has not expired, and its redirect address and its scope are enough.

        :param redirect_uri: The address of the login, None for a login on another device.
        """
        return self.fitting(self.stored(issuer), issuer, redirect_uri, scope)

    def fitting(
        self, client: Client | None, issuer: str, redirect_uri: str | None, scope: Scope | None = None
    ) -> Client | None:
        """Give the client that was read if it can be used, as `usable` does."""
        now = self._seams.now()
        if client is None or not is_client_usable(client, issuer=issuer, redirect_uri=redirect_uri, now=now):
            return None
        return None if needs_wider_client(scope, client) else client

    def register(self, target: AuthorizationTarget, redirect_uri: str | None, scope: Scope | None) -> ClientChoice:
        """Register once, however many programs want to at the same time."""
        server = target.server
        registered = partial(self.usable, server.issuer, redirect_uri, scope)
        key = client_key(server.issuer, self._settings)
        pause, monotonic = self._seams.pause, self._seams.monotonic
        try:
            turn = hold(self._store, key, registered, pause=pause, monotonic=monotonic)
        except LeaseTimeout as error:
            message = f"Another program has been registering at {server.issuer} for too long."
            raise TemporaryError(message, hint=busy_hint(self._store)) from error
        if isinstance(turn, Client):
            return ClientChoice(turn)
        with turn:
            before = self.stored(server.issuer)
            client = self.fitting(before, server.issuer, redirect_uri, scope)
            return ClientChoice(client) if client else self._register(target, redirect_uri, scope, before)

    def keep(self, client: Client) -> None:
        """Store a registered client, or what has been learned about it."""
        self._store.put(client_key(client.issuer, self._settings), encode_client(client))
        self.saw(client)

    def saw(self, client: Client) -> None:
        """Remember that the server of a client has just shown that it knows it."""
        self._known[client.client_id] = self._seams.monotonic()

    def was_seen(self, client: Client) -> bool:
        """Tell whether its server has shown within the last minute that it knows a client."""
        seen = self._known.get(client.client_id)
        is_new = client.registered_at is not None and 0 <= self._seams.now() - client.registered_at < KNOWN_SECONDS
        return is_new or (seen is not None and self._seams.monotonic() - seen < KNOWN_SECONDS)

    def forget(self, client: Client) -> None:
        """Drop a registration that the server does not know; a client from the settings stays."""
        key = client_key(client.issuer, self._settings)
        record = self._store.get(key)
        if client.registered and record is not None and decode_client(record.value).client_id == client.client_id:
            try:
                self._store.delete(key, if_version=record.version)
            except Conflict:
                return  # another program has registered again

    def refuse(self, choice: ClientChoice) -> None:
        """Drop a client that its server has refused although it is new: the next one asks for another method."""
        self.forget(choice.client)
        if choice.is_new:
            self._refused.setdefault(choice.client.issuer, set()).update(choice.asked)

    def _register(
        self, target: AuthorizationTarget, redirect_uri: str | None, scope: Scope | None, before: Client | None
    ) -> ClientChoice:
        server = target.server
        try:
            choice = self._ask(target, self._metadata(target, redirect_uri, scope, before))
        except (Refused, MalformedDocument) as error:
            if server.source is MetadataSource.GUESSED:
                raise self._no_login(target, error) from error
            raise error.with_hint(registration_hint(target, self._settings)) from error
        self.keep(choice.client)
        return choice

    def _metadata(
        self, target: AuthorizationTarget, redirect_uri: str | None, scope: Scope | None, before: Client | None
    ) -> ClientMetadata:
        settings, server = self._settings, target.server
        chosen = settings.client_authentication if settings.client_id is None else None
        methods = registration_methods(server, chosen)
        refused = self._refused.get(server.issuer, set())
        if refused.issuperset(methods):
            refused.clear()
        methods = tuple(sorted(methods, key=refused.__contains__))  # last, because it may have been for another reason
        if before is not None and before.scope is not None and scope is not None:
            scope = unite(before.scope, before.declined_scope, scope)  # other sessions at this issuer need it
        return ClientMetadata(
            redirect_uri, settings.client_name, scope, binds_tokens=settings.dpop is True, methods=methods
        )

    def _ask(self, target: AuthorizationTarget, metadata: ClientMetadata) -> ClientChoice:
        """Ask, and as long as the server says what it does not accept, ask without that."""
        is_guess, tries = target.server.source is MetadataSource.GUESSED, 1
        while True:
            try:
                return self._made(self._send(target, metadata), metadata)
            except ClientRefused as refusal:
                changed = corrected(metadata, refusal, is_guess=is_guess)
                if changed is None or tries == MOST_TRIES:
                    raise
                _logger.info("the registration is asked for in another way: %s", refusal)
                metadata, tries = changed, tries + 1

    def _made(self, client: Client, metadata: ClientMetadata) -> ClientChoice:
        if client.other_redirect_uris:
            registered = listed(client.other_redirect_uris)
            _logger.info("%s registered %s; %s is used all the same", client.issuer, registered, client.redirect_uri)
        asked = tuple(dict.fromkeys((metadata.method, client.authentication or metadata.method)))
        has_other = any(method not in asked for method in metadata.other_methods)
        return ClientChoice(client, is_new=True, asked=asked, has_other=has_other)

    def _send(self, target: AuthorizationTarget, metadata: ClientMetadata) -> Client:
        token = self._settings.initial_access_token
        request = registration_request(target.server, metadata, initial_access_token=token)
        return parse_registration(self._seams.send(request), target.server, metadata, now=self._seams.now())

    def _no_login(self, target: AuthorizationTarget, error: AuthError) -> Unsupported:
        message = f"{self._settings.server_url} rejects the call, but publishes nothing about how to log in."
        hint = "Check the URL; if it is right, ask its operator for a token, or give issuer= and client_id=."
        return Unsupported(message, hint=hint, tried=(*target.asked, error.message))
