# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A login on another device (RFC 8628): how it begins, and what each poll of the token endpoint means."""

from collections.abc import Mapping
from dataclasses import dataclass

from valetkey import urls, wire
from valetkey.errors import LoginFailed, MalformedDocument, Unsupported, quote
from valetkey.protocol.client_auth import AuthenticationFields
from valetkey.protocol.error_response import is_temporary, read_error, read_parameters, refusal_error, temporary_error
from valetkey.protocol.token import read_lifetime
from valetkey.protocol.token_request import FORM_HEADERS, TokenRequest, resource_field, scope_field
from valetkey.values import Client, Scope, Secret, ServerMetadata
from valetkey.wire import HttpRequest, HttpResponse

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"  # RFC 8628 §3.4

POLLING = "ask whether the person has logged in"
"""What the log says of a poll, of which a login makes many."""

_USUAL_INTERVAL = 5.0  # RFC 8628 §3.2
_SHORTEST_INTERVAL = 1.0
_SLOWER = 5.0  # RFC 8628 §3.5
_LONGEST_CODE = 64
_LONGEST_URL = 2000


@dataclass(frozen=True, slots=True)
class DeviceAuthorization:
    """
    A login that has begun (RFC 8628 §3.2); its links are encoded for a browser.

    :param lifetime: Seconds until both codes end; None if the server does not say, and its `expired_token` will tell.
    :param interval: Seconds between two polls.
    """

    device_code: Secret
    user_code: str
    verification_uri: str
    verification_uri_complete: str | None = None
    lifetime: float | None = None
    interval: float = _USUAL_INTERVAL


def require_device_flow(metadata: ServerMetadata) -> None:
    """
    Make sure that a person can log in on another device (RFC 8628 §4).

    :raises Unsupported: If an endpoint is missing, or the server lists its grants without this one.
    """
    missing = None
    if metadata.device_authorization_endpoint is None:
        missing = "names no device authorization endpoint"
    elif metadata.token_endpoint is None:
        missing = "names no token endpoint"
    elif metadata.grant_types_supported is not None and GRANT_TYPE not in metadata.grant_types_supported:
        missing = "does not list the device grant"
    if missing is not None:
        message = f"The authorization server {metadata.issuer} {missing}."
        raise Unsupported(message, hint='Log in with a browser instead: leave out login="device", or the device grant.')


def device_authorization_request(
    server: ServerMetadata,
    client: Client,
    authentication: AuthenticationFields,
    *,
    resource: str | None,
    scope: Scope | None,
) -> HttpRequest:
    """Build the request that begins a login (RFC 8628 §3.1); `parse_device_authorization` reads the answer."""
    endpoint = urls.require_endpoint(server.device_authorization_endpoint or "", "device authorization endpoint")
    return HttpRequest(
        "POST",
        endpoint,
        "begin a login on another device",
        headers=(*FORM_HEADERS, *authentication.headers),
        body=wire.form(dict((*resource_field(resource), *scope_field(scope), *authentication.fields))),
        issuer=server.issuer,
        credentials_of=(client.issuer,),
    )


def parse_device_authorization(
    response: HttpResponse, *, now: float, scope: Scope | None = None
) -> DeviceAuthorization:
    """
    Read the answer to `device_authorization_request` (RFC 8628 §3.2); a form is taken for JSON (GitHub).

    :raises TemporaryError: If the server could not answer now.
    :raises ClientRefused: If it does not accept the client.
    :raises Refused: If it refuses the login.
    :raises InsecureEndpoint: If the page must not be opened in a browser.
    :raises MalformedDocument: If the answer cannot be read, or shown to a person.
    """
    if is_temporary(response):
        raise temporary_error(response, "The device authorization endpoint", now=now)
    if response.status >= 400 or read_error(response)[0] is not None:  # GitHub sends its errors with status 200
        raise refusal_error(response, "The device authorization endpoint", scope=scope)
    members = read_parameters(response)
    if members is None or response.status != 200:
        message = f"{response.url} answered {response.status} with something that begins no login."
        raise MalformedDocument(message, hint="This is a fault of the server; tell its operator.", url=response.url)
    page = _page(members, "verification_uri", response.url) or _page(members, "verification_url", response.url)
    if page is None:  # Google writes `verification_url`, as drafts of RFC 8628 did
        raise _malformed(response.url, "verification_uri")
    complete = _page(members, "verification_uri_complete", response.url)
    return DeviceAuthorization(
        device_code=Secret(_required(members, "device_code", response.url)),
        user_code=_user_code(_required(members, "user_code", response.url), response.url),
        verification_uri=page,
        verification_uri_complete=complete or _page(members, "verification_url_complete", response.url),
        lifetime=read_lifetime(members.get("expires_in")),
        interval=max(read_lifetime(members.get("interval")) or _USUAL_INTERVAL, _SHORTEST_INTERVAL),
    )


def device_token_request(
    server: ServerMetadata, client: Client, device_code: Secret, *, resource: str | None, scope: Scope | None
) -> TokenRequest:
    """
    Build the token request of one poll (RFC 8628 §3.4); `parse_token` reads the answer, `next_interval` its error.
    """
    return TokenRequest(
        server,
        client,
        POLLING,
        (("grant_type", GRANT_TYPE), ("device_code", device_code.reveal()), *resource_field(resource)),
        scope=scope,
        credentials_of=(server.issuer,),
    )


def next_interval(error: str | None, interval: float) -> float | None:
    """Give the seconds until the next poll after an error of a poll; None if it ends the login (RFC 8628 §3.5)."""
    if error == "authorization_pending":
        return interval
    return interval + _SLOWER if error == "slow_down" else None


def declined(error: str | None, description: str | None, issuer: str) -> LoginFailed | None:
    """Make the error of a login that the person or the time has ended; None for another refusal (RFC 8628 §3.5)."""
    if error == "expired_token":
        return expired(issuer, description)
    if error != "access_denied":
        return None
    reason = " ".join(quote(text) for text in (error, description) if text)
    message = f"{issuer} declined the login: {reason}."
    return LoginFailed(message, hint="Log in and allow it.", error=error, description=description)


def expired(issuer: str, description: str | None = None) -> LoginFailed:
    """Make the error of a login whose codes have expired; `description` is the server's."""
    message = f"The code for the login at {issuer} has expired."
    hint = "Start again, and enter the new code in time."
    return LoginFailed(message, hint=hint, error="expired_token", description=description)


def _required(members: Mapping[str, object], member: str, url: str) -> str:
    value = wire.text_member(members, member, url)
    if value is None:
        raise _malformed(url, member)
    return value


def _page(members: Mapping[str, object], member: str, url: str) -> str | None:
    """A person opens it, so it is checked and encoded like any other login page, and short enough to be seen whole."""
    value = wire.text_member(members, member, url)
    if value is None:
        return None
    page = urls.encode_for_browser(urls.require_endpoint(value, "login page"))
    if len(page) > _LONGEST_URL:
        raise _malformed(url, member)
    return page


def _user_code(user_code: str, url: str) -> str:
    """
    It is written to a terminal: no character that moves the cursor or hides text, and not more than a person types.
    """
    if len(user_code) > _LONGEST_CODE or not user_code.isprintable():
        raise _malformed(url, "user_code")
    return user_code


def _malformed(url: str, member: str) -> MalformedDocument:
    message = f"{url} answered without a {member} that can be used."
    return MalformedDocument(message, hint="This is a fault of the server; tell its operator.", url=url, member=member)
