# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The authorization request and the answer at the redirect address (RFC 6749 §4.1, RFC 7636, RFC 8707 §2, RFC 9207).
"""

import base64
import hashlib
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

from valetkey import urls
from valetkey.errors import (
    AuthError,
    IssuerMismatch,
    LoginFailed,
    MalformedDocument,
    StateMismatch,
    TemporaryError,
    quote,
)
from valetkey.values import Client, Scope, Secret, ServerMetadata, scope_to_text

OWN_PARAMETERS = frozenset(
    {
        "response_type",
        "client_id",
        "redirect_uri",
        "state",
        "code_challenge",
        "code_challenge_method",
        "resource",
        "scope",
    }
)
"""The parameters that `authorization_url` sets itself."""
_LONGEST_ANSWER = 65_536
"""Characters; no server takes a longer line of a request (RFC 9110 §4.1 asks for 8,000)."""
_LOGIN_AGAIN = "Log in again, and only through the link of this program."
_HINTS = {
    "access_denied": "Log in and allow it.",
    "invalid_target": "The server issues no tokens for this resource; check the URL of the MCP server.",  # RFC 8707 §2
    # OpenID Connect Core §3.1.2.6, and its extension for unmet_authentication_requirements:
    "consent_required": "Log in again and agree to what is asked; if nothing is asked, an administrator has to agree.",
    "interaction_required": "Log in at that server in the same browser, finish what it asks of you, and start again.",
    "login_required": "Log in at that server in the same browser, and start again.",
    "account_selection_required": "Choose your account at that server in the same browser, and start again.",
    "unmet_authentication_requirements": "Log in again in the way that the server asks for, such as a second factor.",
}
_FORBIDDEN_TO_ASK = frozenset(
    {"consent_required", "interaction_required", "login_required", "account_selection_required"}
)
"""What a server answers to `prompt=none` in place of a page."""


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """
    What is remembered of an authorization request until its answer comes (MCP, Authorization Response Validation).

    The answer is checked against this and nothing else, and the code goes to this server's token endpoint. `verifier`
    is the PKCE code verifier (RFC 7636 §4.1). `resource` is None where the server does not take the parameter.
    `parameters` are further ones that this server requires; they replace none of ours.
    """

    server: ServerMetadata
    client: Client
    redirect_uri: str
    resource: str | None
    scope: Scope | None
    state: Secret
    verifier: Secret
    parameters: tuple[tuple[str, str], ...] = ()


def code_challenge(verifier: Secret) -> str:
    """Derive the S256 challenge: base64url of the verifier's SHA-256, without padding (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.reveal().encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def authorization_url(pending: AuthorizationRequest) -> str:
    """
    Build the URL that the person's browser opens; `parse_callback` reads the answer.

    Parameters that the endpoint already has are kept (RFC 6749 §3.1), ours are never repeated.

    :raises InsecureEndpoint: If the endpoint must not be opened in a browser.
    """
    endpoint = urls.require_endpoint(pending.server.authorization_endpoint or "", "authorization endpoint")
    ours = {
        **dict(pending.parameters),
        "response_type": "code",
        "client_id": pending.client.client_id,
        "redirect_uri": pending.redirect_uri,
        "state": pending.state.reveal(),
        "code_challenge": code_challenge(pending.verifier),
        "code_challenge_method": "S256",
    }
    if pending.resource is not None:
        ours["resource"] = pending.resource
    if pending.scope:
        ours["scope"] = scope_to_text(pending.scope)  # left out rather than sent empty (MCP, Scope Selection)
    parts = urlsplit(endpoint)
    kept = [pair for pair in parts.query.split("&") if pair and unquote_plus(pair.partition("=")[0]) not in ours]
    return urls.encode_for_browser(parts._replace(query="&".join([*kept, urlencode(ours)])).geturl())


def parse_callback(callback_url: str, pending: AuthorizationRequest) -> Secret:
    """
    Check the answer to `authorization_url`, state first, then issuer, then the rest, and give the authorization code.

    :raises StateMismatch: If the answer is not the one to this login, or does not prove to be.
    :raises IssuerMismatch: If it does not come from the login's issuer (RFC 9207 §2.4).
    :raises LoginFailed: If the person or the server declined.
    :raises TemporaryError: If the server could not do it now.
    :raises MalformedDocument: If the answer is incomplete.
    """
    parameters = _parameters(callback_url)
    _check_state(parameters, pending)
    _check_issuer(parameters, pending.server)  # before anything else in it is believed or shown
    if "error" in parameters:
        raise _declined(parameters, pending)
    if not parameters.get("code"):
        message = f"{pending.server.issuer} answered the login without a code."
        raise MalformedDocument(message, hint="Log in again.", url=pending.redirect_uri, member="code")
    return Secret(parameters["code"])


def state_of(callback_url: str) -> str:
    """Give the state of an answer, to find its login by; a `StateMismatch` if it has none that can be read."""
    state = _parameters(callback_url).get("state", "")
    if not state:
        message = "The answer to the login came without a state, so nothing says which login it belongs to."
        raise StateMismatch(message, hint=_LOGIN_AGAIN)
    return state


def _require_readable(callback_url: str) -> None:
    """A `ValueError` (a `UnicodeError` is one) for what no browser sends."""
    if len(callback_url) > _LONGEST_ANSWER:
        raise ValueError(_LONGEST_ANSWER)
    callback_url.encode()


def _parameters(callback_url: str) -> dict[str, str]:
    """Decode the query; an answer that cannot be read cannot prove that it belongs to this login."""
    try:
        _require_readable(callback_url)
        pairs = parse_qsl(urlsplit(callback_url).query, keep_blank_values=True, max_num_fields=100)
    except ValueError:
        message = "The answer to the login cannot be read."
        raise StateMismatch(message, hint=_LOGIN_AGAIN) from None  # the cause would quote the answer
    parameters = dict(pairs)
    if len(parameters) != len(pairs):  # RFC 6749 §3.1
        message = "The answer to the login repeats a parameter."
        raise StateMismatch(message, hint=_LOGIN_AGAIN)
    return parameters


def _check_state(parameters: dict[str, str], pending: AuthorizationRequest) -> None:
    """RFC 6749 §10.12; when an answer without a state comes here, and why it is quoted: decisions/wrong-state.md."""
    received = parameters.get("state", "")
    if Secret(received) == pending.state:
        return
    if received:
        message = "The answer that reached this program belongs to another login, or was forged."
        raise StateMismatch(message, hint=_LOGIN_AGAIN)
    message = "The answer to the login came without a state, so nothing proves that it belongs to this login."
    hint = _LOGIN_AGAIN
    if "error" in parameters:
        message = f"{message} It says: {_reason(parameters)}."
        hint = "If this is the server's answer to your login, do what it says; then log in again."
    raise StateMismatch(message, hint=hint)


def _check_issuer(parameters: dict[str, str], server: ServerMetadata) -> None:
    """
    The table of MCP 2026-07-28, Authorization Response Validation: compared byte by byte, without tolerance.

    An error without the issuer that was promised ends the login in its own words; `_declined` says what is missing.
    """
    received = parameters.get("iss")
    if received is None and (not server.iss_parameter_supported or "error" in parameters):
        return
    if received != server.issuer:
        what = "does not come" if received is not None else "does not say that it comes"
        message = f"The answer to the login {what} from {server.issuer}."
        raise IssuerMismatch(message, hint=_LOGIN_AGAIN, expected=server.issuer, received=received)


def _declined(parameters: dict[str, str], pending: AuthorizationRequest) -> AuthError:
    error, description = parameters["error"], parameters.get("error_description")
    server, reason = pending.server, _reason(parameters)
    if server.iss_parameter_supported and "iss" not in parameters:  # django-oauth-toolkit, where the person declines
        reason = f"{reason}, in an answer that lacks the iss which it promises"
    if error in ("temporarily_unavailable", "server_error"):
        return TemporaryError(f"{server.issuer} could not complete the login: {reason}.", hint="Try again later.")
    hint = _HINTS.get(error, "Check the settings of this client at that server.")
    if error == "invalid_scope":
        from valetkey.protocol.refusal_hint import scope_hint  # the settings load this module at every start

        hint = scope_hint(pending.scope)
    if error in _FORBIDDEN_TO_ASK and "none" in dict(pending.parameters).get("prompt", "").split():
        hint = "Leave prompt=none out of authorization_parameters=: it forbids the server to ask you."
    return LoginFailed(
        f"{server.issuer} declined the login: {reason}.", hint=hint, error=error, description=description
    )


def _reason(parameters: dict[str, str]) -> str:
    error, description = quote(parameters["error"]), parameters.get("error_description")
    return f"{error} {quote(description)}" if description else error
