# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Client authentication (RFC 6749 §2.3), anew for each request; `protocol.client_auth` says what goes into it."""

from dataclasses import dataclass

from valetkey._clients.signing import sign
from valetkey._clients.token_sources import token_from
from valetkey.protocol.assertion import client_assertion_claims
from valetkey.protocol.client_auth import AuthenticationFields, authenticate, choose_authentication, revocation_methods
from valetkey.seams import Seams
from valetkey.settings.credentials import AssertionSource, PrivateKey
from valetkey.settings.settings import Settings
from valetkey.values import Client, ClientAuthentication, ClientOrigin, Secret, ServerMetadata


@dataclass(frozen=True, slots=True)
class Signer:
    """
    What one client signs its assertions with, if anything.

    :param source: Gives signed assertions instead of a key.
    :param audience: The receiver the assertions name, None for the issuer.
    """

    private_key: PrivateKey | None = None
    source: AssertionSource | None = None
    audience: str | None = None

    @property
    def can_sign(self) -> bool:
        """True if there is a key or a source."""
        return self.private_key is not None or self.source is not None


def authenticate_client(
    client: Client,
    server: ServerMetadata,
    signer: Signer,
    seams: Seams,
    *,
    method: ClientAuthentication | None = None,
) -> AuthenticationFields:
    """Give what authenticates a client in one request; None as method chooses the one of the token endpoint."""
    method = method or choose_authentication(client, server, has_key=signer.can_sign)
    assertion = _assertion(client, server, signer, seams) if method is ClientAuthentication.PRIVATE_KEY else None
    return authenticate(client, method, assertion)


def _assertion(client: Client, server: ServerMetadata, signer: Signer, seams: Seams) -> Secret | None:
    audience = signer.audience or server.issuer
    if signer.source is not None:
        return token_from(signer.source, audience, "client_assertion")
    if signer.private_key is None:
        return None
    claims = client_assertion_claims(client, audience=audience, now=seams.now(), assertion_id=seams.random())
    return sign(signer.private_key, claims, supported=server.token_endpoint_auth_signing_alg_values_supported)


class ClientAuthenticator:
    """Authenticates the clients of one MCP server's settings."""

    def __init__(self, settings: Settings, seams: Seams) -> None:
        self._settings = settings
        self._seams = seams

    def authenticate(
        self, client: Client, server: ServerMetadata, *, method: ClientAuthentication | None = None
    ) -> AuthenticationFields:
        """Do as `authenticate_client`, with the key in the settings if it belongs to this client."""
        return authenticate_client(client, server, self._signer(client), self._seams, method=method)

    def revocation_methods(self, client: Client, server: ServerMetadata) -> tuple[ClientAuthentication, ...]:
        """Give the methods for the revocation endpoint, in the order in which they are tried."""
        return revocation_methods(client, server, has_key=self._signer(client).can_sign)

    def _signer(self, client: Client) -> Signer:
        """The key in the settings belongs to the client in the settings; a client that we registered has none."""
        settings = self._settings
        is_its_own = client.client_id == settings.client_id or client.origin is ClientOrigin.DOCUMENT
        if client.registered or not is_its_own:
            return Signer()
        return Signer(settings.private_key, settings.client_assertion, settings.assertion_audience)
