# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A login that the user asks for by name, before the MCP server has rejected anything.

The server is asked first. It wants a login, or it offers one (resource metadata beside anonymous access), or it does
neither, and then there is none.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from valetkey import urls
from valetkey._clients.dpop import Proofs
from valetkey._discovery.resource import ask_resource
from valetkey._engine.attempts import Attempts
from valetkey._engine.decision import need_after
from valetkey._engine.workers import Steps
from valetkey._policy.lifetime import is_expired
from valetkey.protocol.challenge import Challenge, challenge_to_answer, parse_challenges
from valetkey.protocol.dpop import rejects_without_nonce
from valetkey.protocol.error_response import is_temporary, temporary_error
from valetkey.protocol.ping import ping_request, redirection, wants_login
from valetkey.seams import Seams
from valetkey.settings.settings import Settings
from valetkey.store.protocol import ABSENT
from valetkey.values import Secret, Session, TokenType
from valetkey.wire import HttpResponse

MOST_QUESTIONS = 4
"""How often the MCP server is asked: for an address it redirects to, and for a nonce."""


class ExplicitLogin:
    """Logs in at one MCP server because the user has asked for it."""

    def __init__(self, settings: Settings, seams: Seams, attempts: Attempts, proofs: Callable[[], Proofs]) -> None:
        self._settings = settings
        self._seams = seams
        self._attempts = attempts
        self._proofs = proofs

    def log_in(self, cancelled: threading.Event) -> Steps[Session | None]:
        """Give a session that the MCP server does not reject; None if it neither wants nor offers a login."""
        with self._seams.keep_connections():
            stored, version = self._attempts.sessions.read()
            at_hand = None if stored is None or is_expired(stored.token, self._seams.now()) else stored
            answer = self._ask(at_hand)
            challenges = _challenges(answer)
            token = at_hand.token if at_hand is not None else None
            if not wants_login(answer, challenges):
                if at_hand is not None:
                    self._attempts.braking.lift()  # a server may reject a call and not a ping, as over SSE
                    return at_hand
                if version is ABSENT and not self._offers_login(answer, challenges):
                    return None
            need = need_after(token, challenges, prefers_dpop=self._settings.dpop is True)
            return (yield from self._attempts.obtaining(replace(need, explicit=True), cancelled))

    def _ask(self, session: Session | None) -> HttpResponse:
        """Ask the MCP server, at the address it redirects to within its origin, and with the nonce it wants."""
        url = self._settings.server_url
        answer = self._ping(url, session)
        for _ in range(MOST_QUESTIONS - 1):
            target = redirection(answer)
            if target is None and not self._wants_nonce(answer, session):
                break
            url = target or url
            if not urls.same_origin(url, self._settings.server_url):
                break  # the token is for the MCP server, and another server's word is not its word
            answer = self._ping(url, session)
        return answer

    def _ping(self, url: str, session: Session | None) -> HttpResponse:
        if session is None:
            return self._seams.send(ping_request(url, None))
        return self._seams.send(ping_request(url, session.token, self._proof(session, url)))

    def _proof(self, session: Session, url: str) -> Secret | None:
        if not _is_bound(session) or session.dpop_key is None:
            return None
        return self._proofs().make(session.dpop_key, "POST", url, session.token.access_token)

    def _wants_nonce(self, answer: HttpResponse, session: Session | None) -> bool:
        if not _is_bound(session) or not self._proofs().learn(answer.url, answer.header("DPoP-Nonce")):
            return False
        return answer.status == 401 and rejects_without_nonce(_challenges(answer))

    def _offers_login(self, answer: HttpResponse, challenges: Sequence[Challenge]) -> bool:
        """Tell whether there is a login that is not demanded: the user has named one, or the server announces one."""
        if self._settings.issuer is not None or self._settings.needs_no_discovery:
            return True
        metadata = ask_resource(self._settings, challenge_to_answer(challenges), self._seams.send).metadata
        if metadata is not None and metadata.authorization_servers:
            return True
        if is_temporary(answer):  # what the server wants is not known
            raise temporary_error(answer, "The MCP server", now=self._seams.now())
        return False


def _challenges(answer: HttpResponse) -> tuple[Challenge, ...]:
    return parse_challenges(value for name, value in answer.headers if name.lower() == "www-authenticate")


def _is_bound(session: Session | None) -> bool:
    return session is not None and session.token.token_type is TokenType.DPOP
