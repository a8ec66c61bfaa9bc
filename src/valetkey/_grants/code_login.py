# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The two halves of a login by authorization code (RFC 6749 §4.1, RFC 7636): what is asked, and what an answer is worth.

Every login of this grant is made of them, whether its answer comes to the thread that began it or to another process.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from valetkey._clients.advice import advised
from valetkey._clients.registration import ClientChoice
from valetkey._clients.selection import ClientSelection
from valetkey._discovery.target import AuthorizationTarget
from valetkey._grants.living_client import LivingClients
from valetkey._grants.prompting import LoginPlan, corrected_plan
from valetkey._grants.token_endpoint import TokenEndpoint
from valetkey._policy.scope import OFFLINE_ACCESS, allowed_scope
from valetkey.errors import AuthError, ClientRefused
from valetkey.protocol.authorization import AuthorizationRequest
from valetkey.protocol.client_auth import other_methods
from valetkey.protocol.dpop import thumbprint
from valetkey.protocol.server import require_code_flow
from valetkey.protocol.token_request import TokenRequest, code_request
from valetkey.seams import Seams
from valetkey.settings.settings import Settings
from valetkey.values import Scope, Secret, Session, Token


class CodeLogin:
    """Builds the requests of the logins of one MCP server, and redeems their codes."""

    def __init__(self, settings: Settings, seams: Seams, clients: ClientSelection, tokens: TokenEndpoint) -> None:
        self.settings: Settings = settings
        self.seams: Seams = seams
        self.clients: ClientSelection = clients
        self._tokens = tokens
        self._living = LivingClients(clients, tokens, seams)

    def plan(self, target: AuthorizationTarget, scope: Scope | None) -> LoginPlan:
        """Plan a login at a server; what it cannot do is refused before anything is registered or shown."""
        require_code_flow(target.server, trusted=target.profile.assume_pkce)
        self.seams.judge_link(target.server.authorization_endpoint or "")
        return LoginPlan(target, scope, target.resource_parameter, target.audience_parameter)

    def choose_client(self, plan: LoginPlan, redirect_uri: str) -> ClientChoice:
        """Give the client for a login; one of ours that its server does not know is replaced first."""
        choice = self.clients.for_login(plan.target, redirect_uri, plan.scope)
        if self._living.drop_forgotten(choice, plan.target, plan.resource):
            choice = self.clients.for_login(plan.target, redirect_uri, plan.scope)
        return choice

    def request(self, plan: LoginPlan, choice: ClientChoice, redirect_uri: str) -> AuthorizationRequest:
        """Build the request that the person's browser brings to the server, with a new state and verifier."""
        scope = allowed_scope(plan.scope, choice.client)
        return AuthorizationRequest(
            server=plan.target.server,
            client=choice.client,
            redirect_uri=redirect_uri,
            resource=plan.resource,
            scope=scope,
            state=Secret(self.seams.random()),
            verifier=Secret(self.seams.random()),
            parameters=self._parameters(plan, scope),
        )

    def redeem(
        self, code: Secret, request: AuthorizationRequest, plan: LoginPlan, save: Callable[[Session], Session]
    ) -> Session:
        """Exchange a code for a token, once (RFC 6749 §4.1.2), and save the session."""
        token, sent = self._exchange(plan.target.bind(code_request(request, code)))
        session = plan.target.session(token, sent, interactive=True)
        # What was wanted, and not what this client may ask for: the next program wants the same.
        return save(replace(session, requested_scope=plan.scope))

    def corrected(self, plan: LoginPlan, choice: ClientChoice, error: AuthError) -> LoginPlan | None:
        """Give the plan for a second login if the server said what it did not accept, else None."""
        return corrected_plan(plan, choice, error, self.clients)

    def advised(self, error: AuthError, choice: ClientChoice, plan: LoginPlan) -> AuthError:
        """Give the error of a login with the hint that fits its client."""
        return advised(error, choice.client, plan.target, self.settings, is_new=choice.is_new)

    @staticmethod
    def _parameters(plan: LoginPlan, scope: Scope | None) -> tuple[tuple[str, str], ...]:
        named = dict(plan.target.profile.authorization_parameters)
        if plan.audience is not None:
            named.setdefault("audience", plan.audience)
        if scope and OFFLINE_ACCESS in scope:
            named.setdefault("prompt", "consent")  # OpenID providers may ignore the scope without (Connect Core §11)
        if plan.target.dpop_key is not None:
            named["dpop_jkt"] = thumbprint(plan.target.dpop_key)  # RFC 9449 §10: the code is bound to the key too
        return tuple(named.items())

    def _exchange(self, request: TokenRequest) -> tuple[Token, TokenRequest]:
        """
        Exchange the code; if the server does not accept how a registered client proves itself, once more in each way.

        The server checks the client before the code (RFC 6749 §3.2.1), so the code was not used.
        """
        registrations = self.clients.registrations
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
