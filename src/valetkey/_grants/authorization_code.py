# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A person logs in with a browser: authorization code with PKCE (RFC 6749 §4.1, RFC 7636)."""

from dataclasses import replace

from valetkey._clients.registration import ClientChoice
from valetkey._clients.selection import ClientSelection
from valetkey._discovery.target import AuthorizationTarget
from valetkey._grants.grant import GrantContext
from valetkey._grants.prompting import LoginPlan, corrected_plan, open_prompt
from valetkey._grants.token_endpoint import TokenEndpoint
from valetkey._policy.scope import OFFLINE_ACCESS
from valetkey.errors import AuthError, ClientRefused
from valetkey.protocol.authorization import PendingLogin, authorization_url, parse_callback
from valetkey.protocol.dpop import thumbprint
from valetkey.protocol.server import require_code_flow
from valetkey.protocol.token_request import code_request
from valetkey.seams import LoginAttempt, LoginPrompt, Seams
from valetkey.settings.settings import Settings
from valetkey.values import Scope, Secret, Session


class AuthorizationCode:
    """A person logs in with a browser."""

    def __init__(self, settings: Settings, seams: Seams, clients: ClientSelection, tokens: TokenEndpoint) -> None:
        self._settings = settings
        self._seams = seams
        self._clients = clients
        self._tokens = tokens

    def obtain(self, target: AuthorizationTarget, scope: Scope | None, context: GrantContext) -> Session:
        """
        Ask the person, exchange the code, save the session; the person is shown how it ended.

        If the server says what it does not accept of the request or the client, it is asked once more, at most.
        """
        require_code_flow(target.server, trusted=target.profile.assume_pkce)
        plan = LoginPlan(target, scope, target.resource_parameter, target.audience_parameter)
        return self._log_in(plan, context, is_last=False)

    def _log_in(self, plan: LoginPlan, context: GrantContext, *, is_last: bool) -> Session:
        address, fixed = self._clients.redirect_uri(plan.target, localhost=plan.localhost)
        with self._seams.login.open(address, fixed=fixed) as attempt:
            try:
                choice = self._clients.for_login(plan.target, attempt.redirect_uri, plan.scope)
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

    def _ask_person(
        self, attempt: LoginAttempt, plan: LoginPlan, choice: ClientChoice, context: GrantContext, *, is_last: bool
    ) -> Session | LoginPlan:
        """Give the saved session, or the plan for a second login."""
        pending = PendingLogin(
            server=plan.target.server,
            client=choice.client,
            redirect_uri=attempt.redirect_uri,
            resource=plan.resource,
            scope=plan.scope,
            state=Secret(self._seams.random()),
            verifier=Secret(self._seams.random()),
            parameters=self._parameters(plan),
        )
        try:
            session = self._redeem(self._ask(attempt, pending, context), pending, plan, context)
        except AuthError as error:
            corrected = None if is_last else corrected_plan(plan, choice, error, self._clients)
            if corrected is not None:
                return corrected
            attempt.conclude(error)
            raise
        attempt.conclude(None)
        return session

    def _parameters(self, plan: LoginPlan) -> tuple[tuple[str, str], ...]:
        named = dict(plan.target.profile.authorization_parameters)
        if plan.audience is not None:
            named.setdefault("audience", plan.audience)
        if plan.scope and OFFLINE_ACCESS in plan.scope:
            named.setdefault("prompt", "consent")  # OpenID providers may ignore the scope without (Connect Core §11)
        if plan.target.dpop_key is not None:
            named["dpop_jkt"] = thumbprint(plan.target.dpop_key)  # RFC 9449 §10: the code is bound to the key too
        return tuple(named.items())

    @staticmethod
    def _with_other_address(plan: LoginPlan, refusal: ClientRefused) -> LoginPlan | None:
        """Some servers accept only the name `localhost`, which MCP names, not the address of RFC 8252 §8.3."""
        if refusal.error != "invalid_redirect_uri" or plan.localhost:
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
        return context.save(plan.target.session(self._tokens.ask(request), request, interactive=True))
