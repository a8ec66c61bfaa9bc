# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A person logs in on another device, and this program asks until they have (RFC 8628)."""

import logging
import math
from dataclasses import dataclass, replace
from typing import NoReturn

from valetkey import policy
from valetkey.client_proofs import ClientProofs
from valetkey.clients import Clients
from valetkey.discovered import Discovered
from valetkey.errors import AuthError, ConfigurationError, LoginFailed, Refused, TemporaryError
from valetkey.exchange_log import log_exchange
from valetkey.grants import Occasion
from valetkey.login import DeviceLogin, DeviceVisit, Invitation
from valetkey.protocol.device import (
    DeviceAuthorization,
    declined,
    device_authorization_request,
    device_token_request,
    expired,
    next_interval,
    parse_device_authorization,
    require_device_flow,
)
from valetkey.protocol.token_request import TokenRequest
from valetkey.registrations import Introduction
from valetkey.seams import Seams
from valetkey.settings import Settings
from valetkey.token_endpoint import TokenEndpoint
from valetkey.values import Client, Scope, Token

_logger = logging.getLogger("valetkey")

GLANCE = 0.25
"""Seconds after which somebody who waits for the next poll looks whether anybody still waits for the login."""

LONGEST_BACK_OFF = 60.0
"""Seconds between two polls while there is no connection, unless the server itself wants more."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """
    What is asked for.

    :param resource: The `resource` parameter, None to leave it out.
    """

    found: Discovered
    scope: Scope | None
    resource: str | None


@dataclass(frozen=True, slots=True)
class _Begun:
    """
    A login that has begun.

    :param ends_at: When it is over, on the clock of `Seams.monotonic`.
    """

    plan: _Plan
    client: Client
    authorization: DeviceAuthorization
    ends_at: float


class DeviceCode:
    """
    A person logs in on another device.

    :param settings: The settings.
    :param seams: Where it touches the world.
    :param clients: Who we are at which issuer.
    :param tokens: Asks token endpoints.
    :raises ConfigurationError: If the user's own way to ask a person cannot show a code.
    """

    def __init__(self, settings: Settings, seams: Seams, clients: Clients, tokens: TokenEndpoint) -> None:
        if not isinstance(seams.login, DeviceLogin):
            message = f"The grant device_code needs a login that can show a code; {type(seams.login).__name__} cannot."
            hint = 'Give it a method open_device() (see valetkey.login.DeviceLogin), or use login="auto" or "link".'
            raise ConfigurationError(message, hint=hint)
        self._login: DeviceLogin = seams.login
        self._settings = settings
        self._seams = seams
        self._clients = clients
        self._tokens = tokens
        self._proofs = ClientProofs(settings, seams)

    def obtain(self, found: Discovered, scope: Scope | None, occasion: Occasion) -> None:
        """
        Show the person the code, ask until they have logged in, save the session.

        :param found: The authorization server and the resource.
        :param scope: The scope to ask for.
        :param occasion: What belongs to this time.
        :raises AuthError: Whatever went wrong; the person has been shown it.
        """
        require_device_flow(found.server)
        with self._login.open_device() as visit:
            begun = self._begin(_Plan(found, scope, found.resource_parameter))
            try:
                token, request = self._ask(visit, begun, occasion)
                occasion.save(found.session(token, request, interactive=True))
            except AuthError as error:
                visit.conclude(error)
                raise
            visit.conclude(None)

    def _begin(self, plan: _Plan) -> _Begun:
        """A server that says what it did not like about the request or the client is asked once more."""
        known = self._clients.for_login(plan.found, None, plan.scope)
        try:
            return self._request(plan, known.client)
        except Refused as refusal:
            corrected = self._corrected(plan, known, refusal)
            if corrected is None:
                raise
            _logger.info("%s wants the login in another way, it begins once more: %s", known.client.issuer, refusal)
        return self._request(corrected, self._clients.for_login(plan.found, None, corrected.scope).client)

    def _corrected(self, plan: _Plan, known: Introduction, refusal: Refused) -> _Plan | None:
        """Find what to change for a second try, if the server said it; None if there is nothing."""
        if self._clients.renounce(known, refusal):
            return plan
        if plan.resource is not None and policy.declines_resource(refusal.error, refusal.description):
            return replace(plan, resource=None)
        smaller = policy.smaller_scope(plan.scope, plan.found.scopes, refusal.error)
        return replace(plan, scope=smaller) if smaller is not None else None

    def _request(self, plan: _Plan, client: Client) -> _Begun:
        server, started = plan.found.server, self._seams.monotonic()
        proof = self._proofs.prove(client, server)
        request = device_authorization_request(server, client, proof, resource=plan.resource, scope=plan.scope)
        authorization = parse_device_authorization(self._seams.send(request), now=self._seams.now())
        seconds = min(self._settings.login_timeout, authorization.lifetime or math.inf)
        return _Begun(plan, client, authorization, started + seconds)

    def _ask(self, visit: DeviceVisit, begun: _Begun, occasion: Occasion) -> tuple[Token, TokenRequest]:
        """Show the invitation and wait, and give the token and the request that brought it."""
        authorization, issuer = begun.authorization, begun.client.issuer
        invitation = Invitation(
            self._settings.server_url,
            issuer,
            authorization.verification_uri,
            user_code=authorization.user_code,
            link_with_code=authorization.verification_uri_complete,
        )
        started, outcome = self._seams.monotonic(), "no answer"
        occasion.announce(invitation)
        try:
            visit.show(invitation)
            answer = self._poll(begun, occasion)
            outcome = "answered"
        finally:
            occasion.announce(None)
            log_exchange(
                logging.INFO,
                method="device",
                url=invitation.authorization_url,
                purpose="let the person log in",
                outcome=outcome,
                seconds=self._seams.monotonic() - started,
            )
        return answer

    def _poll(self, begun: _Begun, occasion: Occasion) -> tuple[Token, TokenRequest]:
        plan, client = begun.plan, begun.client
        code, wait = begun.authorization.device_code, begun.authorization.interval
        request = device_token_request(plan.found.server, client, code, resource=plan.resource, scope=plan.scope)
        request, interval = plan.found.bound(request), wait
        while True:
            self._wait(wait, begun, occasion)
            try:
                return self._tokens.ask(request), request
            except (Refused, TemporaryError) as error:
                told = next_interval(error.error, interval)
                if told is not None:  # Auth0 says `slow_down` with status 429, which is a TemporaryError
                    interval = wait = told
                elif isinstance(error, TemporaryError):  # RFC 8628 §3.5: after a time-out, more slowly
                    wait = max(min(wait * 2, max(interval, LONGEST_BACK_OFF)), error.retry_after or 0.0)
                else:
                    self._give_up(begun, error)

    def _give_up(self, begun: _Begun, refusal: Refused) -> NoReturn:
        self._clients.registrations.forget_refused(begun.client, refusal)
        raise declined(refusal.error, refusal.description, begun.client.issuer) or refusal

    def _wait(self, seconds: float, begun: _Begun, occasion: Occasion) -> None:
        """Wait for the next poll, unless the login is over before."""
        monotonic = self._seams.monotonic
        due = monotonic() + seconds
        while (now := monotonic()) < due:
            if occasion.cancelled.is_set():
                message = "The login was broken off."
                raise LoginFailed(message, hint="Start again to log in.")
            if now >= begun.ends_at:
                raise self._too_late(begun)
            self._seams.pause(min(GLANCE, due - now, begun.ends_at - now))

    def _too_late(self, begun: _Begun) -> LoginFailed:
        issuer, seconds = begun.client.issuer, self._settings.login_timeout
        if (begun.authorization.lifetime or math.inf) < seconds:
            return expired(issuer)
        message = f"Nobody logged in at {issuer} within {seconds:g} seconds."
        return LoginFailed(message, hint="Start again, and enter the new code in time.")
