# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a caller is told about where a login stands."""

from valetkey._policy.lifetime import is_expired
from valetkey.errors import AuthError, LoginRequired, TemporaryError, quote
from valetkey.seams import LoginPrompt
from valetkey.settings.settings import Settings
from valetkey.values import Session


def overdue(settings: Settings, prompt: LoginPrompt | None, reason: str) -> AuthError:
    """Give the error of a caller whose time is over: a person is waited for, who is shown the prompt, or a server."""
    server_url = settings.server_url
    if prompt is None:
        message = f"A token for {server_url} is being obtained, but it takes long."
        hint = "Try again in a moment; if a page of a login is open in your browser, finish the login there first."
        return TemporaryError(message, hint=hint).with_server(server_url)
    message = f"{prompt.server_url} waits for you to log in at {prompt.issuer}."
    hint = "Finish the login in your browser, then try again."
    if prompt.user_code is not None:
        hint = f"Enter the code {quote(prompt.user_code)} there, then try again."
    link = prompt.link_with_code or prompt.authorization_url
    waiting = LoginRequired(
        message,
        hint=hint,
        authorization_url=link,
        principal=settings.principal,
        reason=reason,
        deadline=prompt.ends_at,
    )
    return waiting.with_server(server_url)


def login_state(session: Session | None, prompt: LoginPrompt | None, *, has_looked: bool, now: float) -> str:
    """Say in a few words where the login stands; no part of it is a secret."""
    if prompt is not None:
        return f"waits for a person to log in at {quote(prompt.issuer)}"
    if session is not None:
        ending = ", with a token that has expired" if is_expired(session.token, now) else ""
        return f"logged in at {quote(session.issuer)}{ending}"
    return "not logged in" if has_looked else "not used yet"
