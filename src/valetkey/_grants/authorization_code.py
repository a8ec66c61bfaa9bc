# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A person logs in with a browser: authorization code with PKCE (RFC 6749 §4.1, RFC 7636)."""

from contextlib import suppress
from dataclasses import replace

from valetkey._clients.advice import advised
from valetkey._clients.registration import ClientChoice
from valetkey._clients.selection import ClientSelection
from valetkey._discovery.target import AuthorizationTarget
from valetkey._grants.grant import GrantContext
from valetkey._grants.living_client import LivingClients
from valetkey._grants.prompting import LoginPlan, corrected_plan, open_prompt
from valetkey._grants.token_endpoint import TokenEndpoint
from valetkey._policy.registration_tries import names_redirect_address
from valetkey._policy.scope import OFFLINE_ACCESS, allowed_scope
from valetkey.errors import AuthError, ClientRefused
from valetkey.protocol.authorization import PendingLogin, authorization_url, parse_callback
from valetkey.protocol.client_auth import other_methods
from valetkey.protocol.dpop import thumbprint
from valetkey.protocol.server import require_code_flow
from valetkey.protocol.token_request import TokenRequest, code_request
from valetkey.seams import LoginAttempt, LoginPrompt, Seams
from valetkey.settings.settings import Settings
from valetkey.values import Scope, Secret, Session, Token


class AuthorizationCode:
    """A person logs in with a browser."""

    def __init__(self, settings: Settings, seams: Seams, clients: ClientSelection, tokens: TokenEndpoint) -> None:
        self._settings = settings
        self._seams = seams
        self._clients = clients
        self._tokens = tokens
        self._living = LivingClients(clients.registrations, tokens, seams)

    def obtain(self, target: AuthorizationTarget, scope: Scope | None, context: GrantContext) -> Session:
        """
        Ask the person, exchange the code, save the session; the person is shown how it ended.

        If the server says what it does not accept of the request or the client, it is asked once more, at most.
        """
        require_code_flow(target.server, trusted=target.profile.assume_pkce)
        self._seams.judge_link(target.server.authorization_endpoint or "")  # before anything is registered or shown
        plan = LoginPlan(target, scope, target.resource_parameter, target.audience_parameter)
        return self._log_in(plan, context, is_last=False)

    def _log_in(self, plan: LoginPlan, context: GrantContext, *, is_last: bool) -> Session:
        address, fixed = self._clients.redirect_uri(plan.target, localhost=plan.localhost)
        with self._seams.login.open(address, fixed=fixed) as attempt:
            try:
                choice = self._choose_client(plan, attempt.redirect_uri)
            except ClientRefused as refusal:
                corrected = None if is_last or fixed else self._with_other_address(plan, refusal)
                if corrected is None:
                    raise
            else:
                outcome = self._ask_person(attempt, plan, choice, context, is_last=is_last)
                if isinstance(outcome, Session):
                    return outcome
                corrected = outcome
        return self._log_in(corrected, context, is_last=True)

    def _choose_client(self, plan: LoginPlan, redirect_uri: str) -> ClientChoice:
        choice = self._clients.for_login(plan.target, redirect_uri, plan.scope)
        if self._living.drop_forgotten(choice, plan.target, plan.resource):
            choice = self._clients.for_login(plan.target, redirect_uri, plan.scope)
        return choice

    def _ask_person(
        self, attempt: LoginAttempt, plan: LoginPlan, choice: ClientChoice, context: GrantContext, *, is_last: bool
    ) -> Session | LoginPlan:
        """Give the saved session, or the plan for a second login."""
        pending = PendingLogin(
            server=plan.target.server,
            client=choice.client,
            redirect_uri=attempt.redirect_uri,
            resource=plan.resource,
            scope=allowed_scope(plan.scope, choice.client),
            state=Secret(self._seams.random()),
            verifier=Secret(self._seams.random()),
            parameters=self._parameters(plan, allowed_scope(plan.scope, choice.client)),
        )
        try:
            session = self._redeem(self._ask(attempt, pending, context), pending, plan, context)
        except AuthError as error:
            corrected = None if is_last else corrected_plan(plan, choice, error, self._clients)
            if corrected is not None:
                return corrected
            told = advised(error, choice.client, plan.target, self._settings, is_new=choice.is_new)
            attempt.conclude(told)
            if told is error:
                raise  # from itself, it would lose what stands behind it
            raise told from error
        attempt.conclude(None)
        return session

    def _parameters(self, plan: LoginPlan, scope: Scope | None) -> tuple[tuple[str, str], ...]:
        named = dict(plan.target.profile.authorization_parameters)
        if plan.audience is not None:
            named.setdefault("audience", plan.audience)
        if scope and OFFLINE_ACCESS in scope:
            named.setdefault("prompt", "consent")  # OpenID providers may ignore the scope without (Connect Core §11)
        if plan.target.dpop_key is not None:
            named["dpop_jkt"] = thumbprint(plan.target.dpop_key)  # RFC 9449 §10: the code is bound to the key too
        return tuple(named.items())

    @staticmethod
    def _with_other_address(plan: LoginPlan, refusal: ClientRefused) -> LoginPlan | None:
        """Some servers accept only the name `localhost`, which MCP names, not the address of RFC 8252 §8.3."""
        if plan.localhost or not names_redirect_address(refusal):
            return None
        return replace(plan, localhost=True)

    def _ask(self, attempt: LoginAttempt, pending: PendingLogin, context: GrantContext) -> str:
        prompt = LoginPrompt(
            self._settings.server_url, pending.server.issuer, authorization_url(pending), attempt.redirect_uri
        )
        with open_prompt(prompt, context, method="browser", monotonic=self._seams.monotonic):
            return attempt.ask(prompt, seconds=self._settings.login_timeout, cancelled=context.cancelled)

    def _redeem(self, callback: str, pending: PendingLogin, plan: LoginPlan, context: GrantContext) -> Session:
        # A code can be used once (RFC 6749 §4.1.2): after an error here, the next login gets a new one.
        request = plan.target.bind(code_request(pending, parse_callback(callback, pending)))
        token, request = self._exchange(request)
        session = plan.target.session(token, request, interactive=True)
        # What was wanted, and not what this client may ask for: the next program wants the same.
        return context.save(replace(session, requested_scope=plan.scope))

    def _exchange(self, request: TokenRequest) -> tuple[Token, TokenRequest]:
        """
        Exchange the code; if the server does not accept how a registered client proves itself, once more in each way.

        The server checks the client before the code (RFC 6749 §3.2.1), so the code was not used.
        """
        registrations = self._clients.registrations
        try:
            token = self._tokens.ask(request)
        except ClientRefused as refusal:
            for method in other_methods(request.client, request.server) if refusal.error == "invalid_client" else ():
                changed = replace(request, client=replace(request.client, authentication=method))
                with suppress(AuthError):
                    token = self._tokens.ask(changed)
                    registrations.keep(changed.client)
                    return token, changed
            raise
        if request.client.registered:
            registrations.saw(request.client)
        return token, request
