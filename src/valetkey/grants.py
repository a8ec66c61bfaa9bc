# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How a token is obtained from nothing: a person logs in, or a machine proves itself."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from valetkey.clients import Clients
from valetkey.discovery import Discovered
from valetkey.errors import AuthError, ClientRefused, Unsupported
from valetkey.exchange_log import log_exchange
from valetkey.login import Invitation, Visit
from valetkey.protocol.authorization import PendingLogin, authorization_url, parse_callback
from valetkey.protocol.server import require_code_flow
from valetkey.protocol.token import client_credentials_request, code_request, parse_token
from valetkey.seams import Seams
from valetkey.settings import Settings
from valetkey.values import Scope, Secret, Session


@dataclass(frozen=True, slots=True)
class Occasion:
    """
    What belongs to this one time.

    :param save: Writes the session down; a grant is over when this has returned.
    :param announce: Told the invitation while a person is asked, and None when that is over.
    :param cancelled: Set when nobody waits for a person any more.
    """

    save: Callable[[Session], None]
    announce: Callable[[Invitation | None], None]
    cancelled: threading.Event


class AuthorizationCode:
    """
    A person logs in with a browser: authorization code with PKCE (RFC 6749 §4.1, RFC 7636).

    :param settings: The settings.
    :param seams: Where it touches the world.
    :param clients: Who we are at which issuer.
    """

    def __init__(self, settings: Settings, seams: Seams, clients: Clients) -> None:
        self._settings = settings
        self._seams = seams
        self._clients = clients

    def obtain(self, found: Discovered, scope: Scope | None, occasion: Occasion) -> None:
        """
        Ask the person, exchange the code, save the session.

        :param found: The authorization server and the resource.
        :param scope: The scope to ask for.
        :param occasion: What belongs to this time.
        :raises AuthError: Whatever went wrong; the person has been shown it.
        """
        require_code_flow(found.server)
        address, fixed = self._clients.redirect_uri(found.server.issuer)
        with self._seams.login.open(address, fixed=fixed) as visit:
            client = self._clients.for_login(found.server, visit.redirect_uri, scope)
            pending = PendingLogin(
                server=found.server,
                client=client,
                redirect_uri=visit.redirect_uri,
                resource=found.resource,
                scope=scope,
                state=Secret(self._seams.random()),
                verifier=Secret(self._seams.random()),
            )
            try:
                self._redeem(self._ask(visit, pending, occasion), pending, occasion)
            except AuthError as error:
                visit.conclude(error)
                raise
            visit.conclude(None)

    def _ask(self, visit: Visit, pending: PendingLogin, occasion: Occasion) -> str:
        invitation = Invitation(
            self._settings.server_url, pending.server.issuer, authorization_url(pending), visit.redirect_uri
        )
        started, outcome = self._seams.monotonic(), "no answer"
        occasion.announce(invitation)
        try:
            answer = visit.ask(invitation, seconds=self._settings.login_timeout, cancelled=occasion.cancelled)
            outcome = "answered"
        finally:
            occasion.announce(None)
            log_exchange(
                logging.INFO,
                method="browser",
                url=invitation.authorization_url,
                purpose="let the person log in",
                outcome=outcome,
                seconds=self._seams.monotonic() - started,
            )
        return answer

    def _redeem(self, callback: str, pending: PendingLogin, occasion: Occasion) -> None:
        code = parse_callback(callback, pending)
        now = self._seams.now()
        # A code is good for one try (RFC 6749 §4.1.2): whatever goes wrong here, the next login gets a new one.
        response = self._seams.send(code_request(pending, code))
        try:
            token = parse_token(response, now=now, requested_scope=pending.scope)
        except ClientRefused:
            self._clients.forget(pending.client)
            raise
        session = Session(
            token=token,
            client=pending.client,
            server=pending.server,
            resource=pending.resource,
            requested_scope=pending.scope,
        )
        occasion.save(session)


class ClientCredentials:
    """
    A machine proves itself (RFC 6749 §4.4).

    :param settings: The settings, with a client and its secret.
    :param seams: Where it touches the world.
    :param clients: Who we are at which issuer.
    """

    def __init__(self, settings: Settings, seams: Seams, clients: Clients) -> None:
        self._settings = settings
        self._seams = seams
        self._clients = clients

    def obtain(self, found: Discovered, scope: Scope | None, occasion: Occasion) -> None:
        """
        Ask the token endpoint, save the session.

        :param found: The authorization server and the resource.
        :param scope: The scope to ask for.
        :param occasion: What belongs to this time.
        :raises Unsupported: If no token endpoint is published.
        :raises Refused: If the server refuses.
        """
        server = found.server
        client = self._clients.configured(server)
        if server.token_endpoint is None:
            message = f"The authorization server {server.issuer} names no token endpoint."
            raise Unsupported(message, hint="Ask its operator, or give token_endpoint=.")
        now = self._seams.now()
        request = client_credentials_request(server, client, resource=found.resource, scope=scope)
        token = parse_token(self._seams.send(request), now=now, requested_scope=scope)
        session = Session(
            token=token,
            client=client,
            server=server,
            resource=found.resource,
            requested_scope=scope,
            interactive=False,
        )
        occasion.save(session)


Grant = AuthorizationCode | ClientCredentials
