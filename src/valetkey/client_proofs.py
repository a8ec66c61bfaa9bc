# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How our client proves itself, each time anew: what it has is in the settings, how it looks in `protocol`."""

from collections.abc import Sequence

from valetkey.protocol.assertion import client_assertion_claims
from valetkey.protocol.client_auth import ClientProof, authenticate, choose_authentication
from valetkey.seams import Seams
from valetkey.settings import Settings
from valetkey.signing import sign
from valetkey.values import Client, ClientAuthentication, Secret, ServerMetadata


class ClientProofs:
    """
    Proves clients.

    :param settings: The settings.
    :param seams: Where it touches the world.
    """

    def __init__(self, settings: Settings, seams: Seams) -> None:
        self._settings = settings
        self._seams = seams

    def prove(self, client: Client, server: ServerMetadata, *, offered: Sequence[str] | None = None) -> ClientProof:
        """
        Prove a client to its authorization server.

        :param client: The client.
        :param server: Its server.
        :param offered: The methods of another endpoint than the token endpoint, if it has a list of its own.
        :returns: What to put into the request.
        :raises ConfigurationError: If the client has not what it needs.
        """
        method = choose_authentication(client, server, offered=offered, has_key=self._signs(client))
        assertion = self._assertion(client, server) if method is ClientAuthentication.PRIVATE_KEY else None
        return authenticate(client, method, assertion)

    def _signs(self, client: Client) -> bool:
        """A client that we registered ourselves is a public one: the key belongs to the user's own client."""
        return self._settings.can_sign and not client.registered

    def _assertion(self, client: Client, server: ServerMetadata) -> Secret | None:
        settings = self._settings
        audience = settings.assertion_audience or server.issuer
        if settings.client_assertion is not None:
            return Secret(settings.client_assertion(audience))
        if settings.private_key is None:
            return None
        claims = client_assertion_claims(
            client, audience=audience, now=self._seams.now(), assertion_id=self._seams.random()
        )
        supported = server.token_endpoint_auth_signing_alg_values_supported
        return sign(settings.private_key, claims, supported=supported)
