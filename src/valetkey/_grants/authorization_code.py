# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A person logs in with a browser, and this thread waits for the answer (RFC 6749 §4.1, RFC 8252)."""

from dataclasses import replace

from valetkey._clients.registration import ClientChoice
from valetkey._discovery.target import AuthorizationTarget
from valetkey._grants.code_login import CodeLogin
from valetkey._grants.grant import GrantContext
from valetkey._grants.prompting import LoginPlan, open_prompt
from valetkey._policy.registration_tries import names_redirect_address
from valetkey.errors import AuthError, ClientRefused
from valetkey.protocol.authorization import AuthorizationRequest, authorization_url, parse_callback
from valetkey.seams import LoginAttempt, LoginPrompt
from valetkey.values import Scope, Session


class AuthorizationCode:
    """A person logs in with a browser."""

    def __init__(self, login: CodeLogin) -> None:
        self._login = login

    def obtain(self, target: AuthorizationTarget, scope: Scope | None, context: GrantContext) -> Session:
        """
        Ask the person, exchange the code, save the session; the person is shown how it ended.

        If the server says what it does not accept of the request or the client, it is asked once more, at most.
        """
        return self._log_in(self._login.plan(target, scope), context, is_last=False)

    def _log_in(self, plan: LoginPlan, context: GrantContext, *, is_last: bool) -> Session:
        address, fixed = self._login.clients.redirect_uri(plan.target, localhost=plan.localhost)
        with self._login.seams.login.open(address, fixed=fixed) as attempt:
            try:
                choice = self._login.choose_client(plan, attempt.redirect_uri)
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
        request = self._login.request(plan, choice, attempt.redirect_uri)
        try:
            code = parse_callback(self._ask(attempt, request, context), request)
            session = self._login.redeem(code, request, plan, context.save)
        except AuthError as error:
            corrected = None if is_last else self._login.corrected(plan, choice, error)
            if corrected is not None:
                return corrected
            told = self._login.advised(error, choice, plan)
            attempt.conclude(told)
            if told is error:
                raise  # from itself, it would lose what stands behind it
            raise told from error
        attempt.conclude(None)
        return session

    @staticmethod
    def _with_other_address(plan: LoginPlan, refusal: ClientRefused) -> LoginPlan | None:
        """Some servers accept only the name `localhost`, which MCP names, not the address of RFC 8252 §8.3."""
        if plan.localhost or not names_redirect_address(refusal):
            return None
        return replace(plan, localhost=True)

    def _ask(self, attempt: LoginAttempt, request: AuthorizationRequest, context: GrantContext) -> str:
        settings, monotonic = self._login.settings, self._login.seams.monotonic
        prompt = LoginPrompt(
            settings.server_url,
            request.server.issuer,
            authorization_url(request),
            attempt.redirect_uri,
            ends_at=self._login.seams.now() + settings.login_timeout,
        )
        with open_prompt(prompt, context, method="browser", monotonic=monotonic):
            return attempt.ask(prompt, seconds=settings.login_timeout, cancelled=context.cancelled)
