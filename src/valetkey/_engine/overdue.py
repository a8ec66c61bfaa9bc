# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The error of a caller whose time is over while a token is still being obtained."""

from valetkey.errors import AuthError, LoginRequired, TemporaryError, quote
from valetkey.seams import LoginPrompt


def overdue(server_url: str, prompt: LoginPrompt | None) -> AuthError:
    """Say what is waited for: a person who is shown the prompt, or a server."""
    if prompt is None:
        message = f"A token for {server_url} is being obtained, but it takes long."
        return TemporaryError(message, hint="Try again in a moment.").with_server(server_url)
    message = f"{prompt.server_url} waits for you to log in at {prompt.issuer}."
    hint = "Finish the login in your browser, then try again."
    if prompt.user_code is not None:
        hint = f"Enter the code {quote(prompt.user_code)} there, then try again."
    link = prompt.link_with_code or prompt.authorization_url
    return LoginRequired(message, hint=hint, authorization_url=link).with_server(server_url)
