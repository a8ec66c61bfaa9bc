# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A person logs in on another device, and this program asks until they have (RFC 8628)."""

import math
from dataclasses import dataclass
from typing import NoReturn

from valetkey._clients.authentication import ClientAuthenticator
from valetkey._clients.selection import ClientSelection
from valetkey._discovery.target import AuthorizationTarget
from valetkey._grants.grant import GrantContext
from valetkey._grants.prompting import LoginPlan, corrected_plan, open_prompt
from valetkey._grants.token_endpoint import TokenEndpoint
from valetkey.errors import AuthError, ConfigurationError, LoginFailed, Refused, TemporaryError
from valetkey.login.unanswered import login_cancelled, login_timed_out
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
from valetkey.seams import DeviceAttempt, DeviceLogin, LoginPrompt, Seams
from valetkey.settings.settings import Settings
from valetkey.values import Client, Scope, Session, Token

GLANCE = 0.25
"""Seconds after which somebody who waits for the next poll looks whether anybody still waits for the login."""

LONGEST_BACK_OFF = 60.0
"""Seconds between two polls while there is no connection, unless the server itself wants more."""


@dataclass(frozen=True, slots=True)
class _Begun:
    """
    A login that has begun.

    :param ends_at: When it is over, on the clock of `Seams.monotonic`.
    """

    plan: LoginPlan
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

    def __init__(self, settings: Settings, seams: Seams, clients: ClientSelection, tokens: TokenEndpoint) -> None:
        if not isinstance(seams.login, DeviceLogin):
            message = f"The grant device_code needs a login that can show a code; {type(seams.login).__name__} cannot."
            hint = 'Give it a method open_device() (see valetkey.login.DeviceLogin), or use login="auto" or "link".'
            raise ConfigurationError(message, hint=hint)
        self._login: DeviceLogin = seams.login
        self._settings = settings
        self._seams = seams
        self._clients = clients
        self._tokens = tokens
        self._authenticator = ClientAuthenticator(settings, seams)

    def obtain(self, target: AuthorizationTarget, scope: Scope | None, context: GrantContext) -> Session:
        """
        Show the person the code, ask until they have logged in, save the session.

        :param target: The authorization server and the resource.
        :param scope: The scope to ask for.
        :param context: What belongs to this time.
        :raises AuthError: Whatever went wrong; the person has been shown it.
        """
        require_device_flow(target.server)
        with self._login.open_device() as attempt:
            begun = self._begin(LoginPlan(target, scope, target.resource_parameter))
            try:
                token, request = self._ask(attempt, begun, context)
                session = context.save(target.session(token, request, interactive=True))
            except AuthError as error:
                attempt.conclude(error)
                raise
            attempt.conclude(None)
        return session

    def _begin(self, plan: LoginPlan) -> _Begun:
        """A server that says what it did not like about the request or the client is asked once more."""
        known = self._clients.for_login(plan.target, None, plan.scope)
        try:
            return self._request(plan, known.client)
        except Refused as refusal:
            corrected = corrected_plan(plan, known, refusal, self._clients)
            if corrected is None:
                raise
        return self._request(corrected, self._clients.for_login(plan.target, None, corrected.scope).client)

    def _request(self, plan: LoginPlan, client: Client) -> _Begun:
        server, started = plan.target.server, self._seams.monotonic()
        proof = self._authenticator.authenticate(client, server)
        request = device_authorization_request(server, client, proof, resource=plan.resource, scope=plan.scope)
        authorization = parse_device_authorization(self._seams.send(request), now=self._seams.now())
        seconds = min(self._settings.login_timeout, authorization.lifetime or math.inf)
        return _Begun(plan, client, authorization, started + seconds)

    def _ask(self, attempt: DeviceAttempt, begun: _Begun, context: GrantContext) -> tuple[Token, TokenRequest]:
        """Show the prompt and wait, and give the token and the request that brought it."""
        authorization, issuer = begun.authorization, begun.client.issuer
        prompt = LoginPrompt(
            self._settings.server_url,
            issuer,
            authorization.verification_uri,
            user_code=authorization.user_code,
            link_with_code=authorization.verification_uri_complete,
        )
        with open_prompt(prompt, context, method="device", monotonic=self._seams.monotonic):
            attempt.show(prompt)
            return self._poll(begun, context)

    def _poll(self, begun: _Begun, context: GrantContext) -> tuple[Token, TokenRequest]:
        plan, client = begun.plan, begun.client
        code, wait = begun.authorization.device_code, begun.authorization.interval
        request = device_token_request(plan.target.server, client, code, resource=plan.resource, scope=plan.scope)
        request, interval = plan.target.bind(request), wait
        while True:
            self._wait(wait, begun, context)
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

    def _wait(self, seconds: float, begun: _Begun, context: GrantContext) -> None:
        """Wait for the next poll, unless the login is over before."""
        monotonic = self._seams.monotonic
        due = monotonic() + seconds
        while (now := monotonic()) < due:
            if context.cancelled.is_set():
                raise login_cancelled()
            if now >= begun.ends_at:
                raise self._too_late(begun)
            self._seams.pause(min(GLANCE, due - now, begun.ends_at - now))

    def _too_late(self, begun: _Begun) -> LoginFailed:
        issuer, seconds = begun.client.issuer, self._settings.login_timeout
        if (begun.authorization.lifetime or math.inf) < seconds:
            return expired(issuer)
        return login_timed_out(issuer, seconds, hint="Start again, and enter the new code in time.")
