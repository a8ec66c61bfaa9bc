# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A person logs in on another device, and this program polls until then (RFC 8628)."""

import math
from dataclasses import dataclass, replace
from typing import NoReturn

from valetkey._clients.advice import advised
from valetkey._clients.authentication import ClientAuthenticator
from valetkey._clients.registration import ClientChoice
from valetkey._clients.selection import ClientSelection
from valetkey._discovery.target import AuthorizationTarget
from valetkey._grants.grant import GrantContext
from valetkey._grants.prompting import LoginPlan, corrected_plan, open_prompt
from valetkey._grants.token_endpoint import TokenEndpoint
from valetkey._policy.scope import allowed_scope
from valetkey.errors import AuthError, LoginFailed, Refused, TemporaryError
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
from valetkey.seams import DeviceAttempt, LoginPrompt, Seams, require_device_login
from valetkey.settings.settings import Settings
from valetkey.values import Client, Scope, Session, Token

CANCEL_CHECK_SECONDS = 0.25
"""Seconds between two checks, while the next poll is not due, whether a caller still waits for the login."""

LONGEST_BACK_OFF = 60.0
"""Most seconds between two polls while there is no connection, unless the server wants more."""


@dataclass(frozen=True, slots=True)
class _StartedLogin:
    """A login whose code the server has issued."""

    plan: LoginPlan
    choice: ClientChoice
    authorization: DeviceAuthorization
    ends_at: float  # on the clock `Seams.monotonic`

    @property
    def client(self) -> Client:
        """The client that the code was issued to."""
        return self.choice.client


class DeviceCode:
    """A person logs in on another device."""

    def __init__(self, settings: Settings, seams: Seams, clients: ClientSelection, tokens: TokenEndpoint) -> None:
        self._login = require_device_login(seams.login)
        self._settings = settings
        self._seams = seams
        self._clients = clients
        self._tokens = tokens
        self._authenticator = ClientAuthenticator(settings, seams)

    def obtain(self, target: AuthorizationTarget, scope: Scope | None, context: GrantContext) -> Session:
        """Show the person the code, poll until they have logged in, save the session."""
        require_device_flow(target.server)
        with self._login.open_device() as attempt:
            login = self._start(LoginPlan(target, scope, target.resource_parameter))
            try:
                token, request = self._ask(attempt, login, context)
                session = target.session(token, request, interactive=True)
                session = context.save(replace(session, requested_scope=login.plan.scope))
            except AuthError as error:
                attempt.conclude(error)
                raise
            attempt.conclude(None)
        return session

    def _start(self, plan: LoginPlan) -> _StartedLogin:
        """Request a code; if the server says what it does not accept, request it once without that."""
        choice = self._clients.for_login(plan.target, None, plan.scope)
        try:
            return self._request_code(plan, choice)
        except Refused as refusal:
            corrected = corrected_plan(plan, choice, refusal, self._clients)
            if corrected is None:
                raise self._advised(refusal, choice, plan) from refusal
        choice = self._clients.for_login(plan.target, None, corrected.scope)
        try:
            return self._request_code(corrected, choice)
        except Refused as refusal:
            self._clients.drop_refused(choice, refusal, plan.target.profile)
            raise self._advised(refusal, choice, plan) from refusal

    def _advised(self, error: AuthError, choice: ClientChoice, plan: LoginPlan) -> AuthError:
        return advised(error, choice.client, plan.target, self._settings, is_new=choice.is_new)

    def _request_code(self, plan: LoginPlan, choice: ClientChoice) -> _StartedLogin:
        client, server, started = choice.client, plan.target.server, self._seams.monotonic()
        scope = allowed_scope(plan.scope, client)
        authentication = self._authenticator.authenticate(client, server)
        request = device_authorization_request(server, client, authentication, resource=plan.resource, scope=scope)
        authorization = parse_device_authorization(self._seams.send(request), now=self._seams.now(), scope=scope)
        for page in filter(None, (authorization.verification_uri, authorization.verification_uri_complete)):
            self._seams.judge_link(page)
        seconds = min(self._settings.login_timeout, authorization.lifetime or math.inf)
        return _StartedLogin(plan, choice, authorization, started + seconds)

    def _ask(self, attempt: DeviceAttempt, login: _StartedLogin, context: GrantContext) -> tuple[Token, TokenRequest]:
        """Show the prompt and poll; give the token and the request that brought it."""
        authorization, issuer = login.authorization, login.client.issuer
        prompt = LoginPrompt(
            self._settings.server_url,
            issuer,
            authorization.verification_uri,
            user_code=authorization.user_code,
            link_with_code=authorization.verification_uri_complete,
            ends_at=self._seams.now() + login.ends_at - self._seams.monotonic(),
        )
        with open_prompt(prompt, context, method="device", monotonic=self._seams.monotonic):
            attempt.show(prompt)
            return self._poll(login, context)

    def _poll(self, login: _StartedLogin, context: GrantContext) -> tuple[Token, TokenRequest]:
        plan, client = login.plan, login.client
        code, wait = login.authorization.device_code, login.authorization.interval
        scope = allowed_scope(plan.scope, client)
        request = device_token_request(plan.target.server, client, code, resource=plan.resource, scope=scope)
        request, interval = plan.target.bind(request), wait
        while True:
            self._wait(wait, login, context)
            try:
                return self._tokens.ask(request), request
            except (Refused, TemporaryError) as error:
                told = next_interval(error.error, interval)
                if told is not None:  # Auth0 says `slow_down` with status 429, a TemporaryError
                    interval = wait = told
                elif isinstance(error, TemporaryError):  # RFC 8628 §3.5: after a time-out, more slowly
                    wait = max(min(wait * 2, max(interval, LONGEST_BACK_OFF)), error.retry_after or 0.0)
                else:
                    self._fail(login, error)

    def _fail(self, login: _StartedLogin, refusal: Refused) -> NoReturn:
        self._clients.drop_refused(login.choice, refusal, login.plan.target.profile)
        ended = declined(refusal.error, refusal.description, login.client.issuer)
        raise ended or self._advised(refusal, login.choice, login.plan) from refusal

    def _wait(self, seconds: float, login: _StartedLogin, context: GrantContext) -> None:
        """Wait for the next poll, or end the login if it was cancelled or its time is over."""
        monotonic = self._seams.monotonic
        due = monotonic() + seconds
        while (now := monotonic()) < due:
            if context.cancelled.is_set():
                raise login_cancelled()
            if now >= login.ends_at:
                raise self._timed_out(login)
            self._seams.pause(min(CANCEL_CHECK_SECONDS, due - now, login.ends_at - now))

    def _timed_out(self, login: _StartedLogin) -> LoginFailed:
        issuer, seconds = login.client.issuer, self._settings.login_timeout
        if (login.authorization.lifetime or math.inf) < seconds:
            return expired(issuer)
        return login_timed_out(issuer, seconds, hint="Start again, and enter the new code in time.")
