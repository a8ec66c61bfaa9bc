# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A login that is played up to where it would act, by the engine itself: what it says is what a login would say.

It stops where a person would be asked, or where a machine would show what proves it. A registration is answered here,
in the server's place, so that no client stays behind at the server.
"""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import NoReturn, Self
from urllib.parse import parse_qsl, urlsplit

from valetkey._cli.doctor.facts import Rehearsal
from valetkey._cli.doctor.overlay import Overlay
from valetkey._engine.attempts import Attempts
from valetkey._engine.decision import need_after
from valetkey._grants.living_client import PURPOSE
from valetkey._sessions.codec import brake_key, session_key, waiting_key
from valetkey.errors import AuthError, TemporaryError
from valetkey.login.link import ADDRESS
from valetkey.protocol.challenge import Challenge
from valetkey.protocol.registration import REGISTERING
from valetkey.seams import DeviceAttempt, LoginAttempt, LoginPrompt, Seams
from valetkey.settings.settings import Settings
from valetkey.store.protocol import Store
from valetkey.values import Scope
from valetkey.wire import HttpRequest, HttpResponse, Send

_REHEARSED_ID = "rehearsed"
_SHOWN = ("response_type", "client_id", "redirect_uri", "scope", "resource", "audience", "prompt", "access_type")


class _WouldActError(Exception):
    """The rehearsal has come to where a login would act; no part of the engine catches it."""

    def __init__(self, asks: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__()
        self.asks = tuple(asks)


@dataclass(slots=True)
class _Stage:
    """The `Send` and the `Login` of a rehearsal."""

    send: Send
    is_missing: bool = False  # nothing is at the endpoints that are guessed
    would_register: bool = False

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Ask a question; answer a registration, and stop before everything else."""
        if request.method == "GET":
            return self.send(request)
        if request.purpose == PURPOSE:
            message = "Without a login this is not asked."
            raise TemporaryError(message, hint="Log in.")
        if request.purpose != REGISTERING:
            raise _WouldActError
        if self.is_missing:
            return HttpResponse(404, request.url)
        self.would_register = True
        wanted = json.loads(request.body)
        answer = {name: wanted.get(name) for name in ("redirect_uris", "grant_types", "token_endpoint_auth_method")}
        if answer["token_endpoint_auth_method"] != "none":
            answer["client_secret"] = _REHEARSED_ID
        answer["client_id"] = _REHEARSED_ID
        return HttpResponse(201, request.url, (("Content-Type", "application/json"),), json.dumps(answer).encode())

    def open(self, redirect_uri: str | None, *, fixed: bool) -> LoginAttempt:  # noqa: ARG002 - nothing listens
        """Give an attempt that stops where the person would be asked."""
        address = redirect_uri if redirect_uri is not None and urlsplit(redirect_uri).port != 0 else ADDRESS
        return _Nobody(address)

    def open_device(self) -> DeviceAttempt:
        """Give an attempt that is never shown: the request for its code comes first."""
        return _Nobody(ADDRESS)


class _Nobody:
    """The person of a rehearsal."""

    def __init__(self, redirect_uri: str) -> None:
        self.redirect_uri = redirect_uri

    def ask(self, prompt: LoginPrompt, *, seconds: float, cancelled: threading.Event) -> NoReturn:  # noqa: ARG002 - never asked
        """Stop, and tell what the link asks for."""
        parameters = parse_qsl(urlsplit(prompt.authorization_url).query)
        raise _WouldActError([each for each in parameters if each[0] in _SHOWN])

    def show(self, prompt: LoginPrompt) -> NoReturn:  # noqa: ARG002 - never asked
        """Stop."""
        raise _WouldActError

    def conclude(self, error: AuthError | None) -> None:
        """Refuse to show a prompt: the doctor asks no person."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None


def rehearse(
    settings: Settings, store: Store, seams: Seams, challenges: Sequence[Challenge], *, is_missing: bool = False
) -> Rehearsal:
    """
    Play the login that a person asks for by name, without the session that may be stored.

    `is_missing` is True if nothing is at the endpoints that MCP 2025-03-26 guesses.
    """
    hidden = (session_key(settings), brake_key(settings), waiting_key(settings))
    stage = _Stage(seams.send, is_missing)
    need = replace(need_after(None, challenges, prefers_dpop=settings.dpop is True), explicit=True, more_scope=None)
    played = replace(seams, send=stage, login=stage, send_to_provider=stage)
    attempts = Attempts(settings, Overlay(store, hidden), played, lambda _: None, _no_scope)
    try:
        attempts.obtain(need, threading.Event())
    except _WouldActError as end:
        return Rehearsal(would_register=stage.would_register, asks=end.asks)
    except AuthError as error:
        return Rehearsal(error=error, would_register=stage.would_register)
    return Rehearsal()


def _no_scope() -> Scope:
    return ()
