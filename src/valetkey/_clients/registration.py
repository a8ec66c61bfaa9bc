# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Dynamic client registration (RFC 7591): one for each issuer, stored, and dropped when the server does not know it."""

from dataclasses import dataclass
from functools import partial

from valetkey._discovery.target import AuthorizationTarget
from valetkey._policy.lifetime import is_client_usable
from valetkey._sessions.codec import client_key, decode_client, encode_client
from valetkey.errors import AuthError, ClientRefused, MalformedDocument, Refused, TemporaryError, Unsupported
from valetkey.protocol.registration import ClientMetadata, parse_registration, registration_request
from valetkey.seams import Seams
from valetkey.settings.settings import Settings
from valetkey.store.leases.holding import LeaseTimeout, hold
from valetkey.store.protocol import Conflict, Store
from valetkey.values import Client, MetadataSource, ServerMetadata


@dataclass(frozen=True, slots=True)
class ClientChoice:
    """
    The client for a login.

    :param is_new: True if it was registered just now, so the server must know it.
    """

    client: Client
    is_new: bool = False


class Registrations:
    """The clients that Valetkey has registered."""

    def __init__(self, settings: Settings, store: Store, seams: Seams) -> None:
        self._settings = settings
        self._store = store
        self._seams = seams

    def stored(self, issuer: str) -> Client | None:
        """Give the client that is registered at an issuer."""
        record = self._store.get(client_key(issuer, self._settings))
        return None if record is None else decode_client(record.value)

    def usable(self, issuer: str, redirect_uri: str | None) -> Client | None:
        """
        Give the registered client if its secret has not expired and its redirect address is this one.

        :param redirect_uri: The address of the login, None for a login on another device.
        """
        client, now = self.stored(issuer), self._seams.now()
        if client is None or not is_client_usable(client, issuer=issuer, redirect_uri=redirect_uri, now=now):
            return None
        return client

    def register(self, target: AuthorizationTarget, metadata: ClientMetadata) -> ClientChoice:
        """Register once, however many programs want to at the same time."""
        server = target.server
        registered = partial(self.usable, server.issuer, metadata.redirect_uri)
        key = client_key(server.issuer, self._settings)
        pause, monotonic = self._seams.pause, self._seams.monotonic
        try:
            turn = hold(self._store, key, registered, pause=pause, monotonic=monotonic)
        except LeaseTimeout as error:
            message = f"Another program has been registering at {server.issuer} for too long."
            raise TemporaryError(message, hint="Try again later.") from error
        if isinstance(turn, Client):
            return ClientChoice(turn)
        with turn:
            client = registered()
            return ClientChoice(client) if client else ClientChoice(self._register(target, metadata), is_new=True)

    def forget(self, client: Client) -> None:
        """Drop a registration that the server does not know; a client from the settings stays."""
        key = client_key(client.issuer, self._settings)
        record = self._store.get(key)
        if client.registered and record is not None and decode_client(record.value).client_id == client.client_id:
            try:
                self._store.delete(key, if_version=record.version)
            except Conflict:
                return  # another program has registered again

    def _register(self, target: AuthorizationTarget, metadata: ClientMetadata) -> Client:
        server = target.server
        try:
            client = self._ask_for_registration(server, metadata)
        except (Refused, MalformedDocument) as error:
            if server.source is MetadataSource.GUESSED:
                raise self._no_login(target, error) from error
            if isinstance(error, ClientRefused) and error.error != "invalid_redirect_uri":
                raise error.with_hint(registration_hint(target, metadata.redirect_uri)) from error
            raise
        self._store.put(client_key(server.issuer, self._settings), encode_client(client))
        return client

    def _ask_for_registration(self, server: ServerMetadata, metadata: ClientMetadata) -> Client:
        """Ask, and if the server says what it does not accept, ask once without that."""
        token = self._settings.initial_access_token

        def ask(wanted: ClientMetadata) -> Client:
            request = registration_request(server, wanted, initial_access_token=token)
            return parse_registration(self._seams.send(request), server, wanted, now=self._seams.now())

        try:
            return ask(metadata)
        except ClientRefused as refusal:
            corrected = metadata.corrected(refusal.error, refusal.description)
            if corrected is None:
                raise
            return ask(corrected)

    def _no_login(self, target: AuthorizationTarget, error: AuthError) -> Unsupported:
        message = f"{self._settings.server_url} rejects the call, but publishes nothing about how to log in."
        hint = "Check the URL; if it is right, ask its operator for a token, or give issuer= and client_id=."
        return Unsupported(message, hint=hint, tried=(*target.asked, error.message))


def registration_hint(target: AuthorizationTarget, redirect_uri: str | None) -> str:
    """Say how to register a client by hand; `redirect_uri` is None for a login on another device."""
    advice = f" {target.profile.hint}" if target.profile.hint else ""
    if redirect_uri is None:
        return f"Register a client for the device grant there by hand, then give its client_id.{advice}"
    return (
        f"Register a client there by hand with the redirect address {redirect_uri}, "
        f"then give its client_id and redirect_uri={redirect_uri!r}.{advice}"
    )
