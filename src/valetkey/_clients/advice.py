# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a user can do where a registration or a registered client does not lead to a login."""

import hashlib

from valetkey._discovery.target import AuthorizationTarget
from valetkey.errors import AuthError, ClientRefused, LoginFailed, Refused, quote
from valetkey.protocol.project_document import is_project_document
from valetkey.settings.options import NO_DOCUMENT
from valetkey.settings.settings import Settings
from valetkey.values import Client, ClientAuthentication

_FIRST_PORT, _PORTS = 20_000, 10_000
"""Below the ports that an operating system gives out for connections (RFC 6056 §3.2; Linux begins at 32768)."""

_ABOUT_THE_CLIENT = frozenset({"invalid_client", "unauthorized_client"})
"""RFC 6749 §4.1.2.1, §5.2. The user has no settings of a client that Valetkey has registered."""
_MAY_BE_ABOUT_THE_ADDRESS = _ABOUT_THE_CLIENT | {"invalid_request", None}
"""`invalid_request` is what RFC 6749 §4.1.2.1 has for a parameter of the wrong value."""


def proposed_address(target: AuthorizationTarget, settings: Settings) -> str:
    """
    Give one redirect address for a client that is registered by hand: the same in each run, on every computer.

    It is the user's own if there is one, else its port follows from the issuer.
    """
    if settings.answer_address is not None:
        return settings.answer_address
    digest = hashlib.sha256(target.server.issuer.encode()).digest()
    port = _FIRST_PORT + int.from_bytes(digest[:4], "big") % _PORTS
    return f"http://{'localhost' if target.profile.localhost else '127.0.0.1'}:{port}/callback"


def registration_hint(target: AuthorizationTarget, settings: Settings) -> str:
    """Say how to register a client by hand."""
    advice = f" {target.profile.hint}" if target.profile.hint else ""
    if settings.chosen_grant == "device_code":
        return f"Register a client for the device grant there by hand, then give its client_id.{advice}"
    address = proposed_address(target, settings)
    return (
        f"Register a client there by hand with the redirect address {address}, "
        f"then give its client_id{_proof(target)} and redirect_uri={address!r}.{advice}"
    )


def _proof(target: AuthorizationTarget) -> str:
    """Name what else the client has to have, where the server lists only methods that need it (RFC 8414 §2)."""
    listed = target.server.token_endpoint_auth_methods_supported or (ClientAuthentication.NONE,)
    if ClientAuthentication.NONE in listed:
        return ""
    if ClientAuthentication.BASIC in listed or ClientAuthentication.POST in listed:
        return f", client_secret, issuer={target.server.issuer!r}"
    return ", private_key" if ClientAuthentication.PRIVATE_KEY in listed else ""


def advised(
    error: AuthError, client: Client, target: AuthorizationTarget, settings: Settings, *, is_new: bool
) -> AuthError:
    """Give the error of a login with the hint that fits the client that Valetkey had brought for it."""
    code, said = _said(error)
    is_unanswered = isinstance(error, LoginFailed) and code is None
    if is_unanswered and is_project_document(client):
        way_out = registration_hint(target, settings)
        if target.server.registration_endpoint is not None:
            way_out = f"Give client_metadata_url={NO_DOCUMENT!r}; this program then registers itself there."
        return error.with_hint(f"{error.hint} If the page said that it does not know this program: {way_out}")
    if not client.registered:
        return error
    is_about_client = isinstance(error, ClientRefused) or code in _ABOUT_THE_CLIENT
    may_be_the_address = isinstance(error, LoginFailed) and code in _MAY_BE_ABOUT_THE_ADDRESS
    if client.other_redirect_uris and (may_be_the_address or "redirect" in said):
        registered = ", ".join(quote(address) for address in client.other_redirect_uris)
        hint = f"{client.issuer} registered {registered} instead of {client.redirect_uri}, which may be why."
        return error.with_hint(f"{hint} {registration_hint(target, settings)}")
    if is_about_client:
        return error.with_hint(registration_hint(target, settings))
    if is_unanswered and not is_new:
        forgotten = f"{client.issuer} may have forgotten this program; the next login registers it anew."
        return error.with_hint(f"{error.hint} If the page said that it does not know this program: {forgotten}")
    return error


def _said(error: AuthError) -> tuple[str | None, str]:
    if not isinstance(error, LoginFailed | Refused):
        return None, ""
    return error.error, f"{error.error or ''} {error.description or ''}".lower()
