# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A login that is begun and left: the first half writes it into the store, the second redeems the answer that comes.

Between them nothing is held, and they may run in two processes.
"""

from collections.abc import Callable
from dataclasses import replace

from valetkey._clients.registration import ClientChoice
from valetkey._discovery.target import AuthorizationTarget
from valetkey._grants.code_login import CodeLogin
from valetkey._grants.grant import GrantContext
from valetkey._grants.prompting import LoginPlan
from valetkey._sessions.codec import waiting_key
from valetkey._sessions.fingerprint import settings_mark
from valetkey._sessions.pending_codec import PendingRecord
from valetkey._sessions.pending_logins import PendingLogins
from valetkey._sessions.written_settings import needed_besides
from valetkey.errors import AuthError
from valetkey.login.link import ADDRESS
from valetkey.login.pending import PendingLogin
from valetkey.profiles.applied import resolve_profile
from valetkey.values import Scope, Secret, Session


class BegunLogins:
    """Begins the logins of one MCP server, and redeems their answers."""

    def __init__(self, login: CodeLogin, pending: PendingLogins) -> None:
        self._login = login
        self._pending = pending

    def obtain(self, target: AuthorizationTarget, scope: Scope | None, context: GrantContext) -> PendingLogin:
        """Begin a login, and give it as it waits in the store."""
        plan = self._login.plan(target, scope)
        address = self._login.clients.redirect_uri(target)[0] or ADDRESS
        choice = self._login.choose_client(plan, address)
        settings, now = self._login.settings, self._login.seams.now()
        request = self._login.request(plan, choice, address)
        record = PendingRecord(
            request=request,
            settings=settings,
            needs=needed_besides(settings),
            mark=settings_mark(settings),
            ends_at=now + settings.login_timeout,
            reason=context.reason,
            resource=target.resource,
            scopes=target.scopes,
            requested_scope=scope,
            audience=plan.audience,
            dpop_key=target.dpop_key,
            more_scope=context.more_scope,
            is_new_client=choice.is_new,
            is_last=False,
        )
        self._pending.begin(waiting_key(settings), record)
        return record.view

    def redeem(self, record: PendingRecord, code: Secret, save: Callable[[Session], Session]) -> Session:
        """Exchange the code of an answer, and save the session."""
        return self._login.redeem(code, record.request, _plan_of(record), save)

    def begun_again(self, record: PendingRecord, error: AuthError) -> PendingRecord | None:
        """Begin a login once more if its server has said what it does not accept; None if nothing would help."""
        plan, choice = _plan_of(record), _choice_of(record)
        corrected = None if record.is_last else self._login.corrected(plan, choice, error)
        if corrected is None:
            return None
        address = record.request.redirect_uri
        choice = self._login.choose_client(corrected, address)
        again = replace(
            record,
            request=self._login.request(corrected, choice, address),
            ends_at=self._login.seams.now() + self._login.settings.login_timeout,
            requested_scope=corrected.scope,
            audience=corrected.audience,
            is_new_client=choice.is_new,
            is_last=True,
        )
        self._pending.begin(waiting_key(record.settings), again)
        return again

    def advised(self, record: PendingRecord, error: AuthError) -> AuthError:
        """Give the error of a login with the hint that fits its client."""
        return self._login.advised(error, _choice_of(record), _plan_of(record))


def _choice_of(record: PendingRecord) -> ClientChoice:
    return ClientChoice(record.request.client, is_new=record.is_new_client)


def _plan_of(record: PendingRecord) -> LoginPlan:
    settings, server = record.settings, record.request.server
    profile = resolve_profile(settings.profile, server.issuer, settings.profile_members)
    target = AuthorizationTarget(
        record.resource,
        record.scopes,
        server,
        profile,
        dpop_key=record.dpop_key,
        bearer=settings.bearer or "access_token",
    )
    return LoginPlan(target, record.requested_scope, record.request.resource, record.audience)
