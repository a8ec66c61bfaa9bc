# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The options that are the same in Python and in Haystack's YAML. A new one is a field and a `:param:` line here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from valetkey.profiles.catalog import AUTO
from valetkey.profiles.profile import BearerName
from valetkey.settings.credentials import AssertionSource, ScopeRequest

GrantName = Literal[
    "auto", "authorization_code", "device_code", "client_credentials", "workload_identity", "enterprise_managed"
]
"""How a token is obtained. "auto" chooses by the other options."""

NO_DOCUMENT = "none"
"""The `client_metadata_url` of a user who wants to be known by no document."""

LOGIN_SECONDS = 300.0
"""How long a person has for a login."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """
    What can be set for one MCP server, in Python and in YAML alike. Every option has a default.

    :param client_id: The id of a client registered by hand. Without one, Valetkey registers a client itself.
    :param client_name: The name that consent pages show for a client that Valetkey registers.
    :param client_metadata_url: The https URL of your own Client ID Metadata Document. It is used where the
        authorization server accepts such documents. "none" also leaves out the document of the Valetkey project.
    :param signing_algorithm: The JWS algorithm of `private_key`, for example "ES256". None chooses one that fits the
        key and that the authorization server supports.
    :param client_assertion: A function that gets an audience and returns a signed JWT for it, instead of `private_key`.
    :param assertion_audience: The audience of assertions, for an authorization server that does not accept its own
        issuer. It needs `issuer`.
    :param issuer: The only authorization server to trust, exactly as its metadata names it.
    :param authorization_endpoint: Replaces the URL from discovery. With `client_id` and `token_endpoint` too, nothing
        is discovered.
    :param token_endpoint: Replaces the URL from discovery.
    :param registration_endpoint: Replaces the URL from discovery.
    :param device_authorization_endpoint: Replaces the URL from discovery, for a login on another device.
    :param resource: The `resource` parameter to send (RFC 8707), instead of the one from discovery. The token goes to
        what it covers on the MCP server's origin.
    :param send_resource: False leaves the `resource` parameter out. None lets the provider's profile decide.
    :param offline_access: False never asks for the scope `offline_access`. None asks for it if the authorization
        server lists it.
    :param approve_scope: A function that gets a `ScopeRequest` before a person is asked for more scope. If it returns
        False, the person is not asked.
    :param on_event: A function that gets what happens in the life of the session: the events of `valetkey.events`. It
        is called in a thread of its own, and what it raises is logged.
    :param assume_pkce: True if the authorization server supports PKCE with S256 and does not say so. None lets the
        provider's profile decide.
    :param bearer: The token that the MCP server accepts: "access_token" or "id_token". None means the access token.
    :param dpop: True binds every token to a key (DPoP, RFC 9449), False never does. None does so if the MCP server
        requires it.
    :param redirect_uri: A fixed loopback address for the answer of a login, for example
        "http://127.0.0.1:8080/callback". Without one, a free port is used. With `public_url`, an address of that web
        app instead of the usual one.
    :param public_url: The https URL of your web app, as browsers reach it. The answer of a login then comes to
        `/mcp-oauth/callback` below it, and the link for the person is a short one below it. With it, `login="auto"`
        means "link".
    :param login_timeout: The time a person has for a login, in seconds.
    :param profile: The provider profile: "auto" finds it by the issuer, "none" uses none, a name uses that one.
    :param strict: True compares issuers and resources byte for byte, without any tolerance.
    :param principal: The user whose session this is. Two principals never share a session. In Haystack also a function
        that gives the user of each call, or None: the user of `as_user(…)`, and without one "local".
    :param label: Distinguishes several sessions of one principal at one MCP server.
    """

    client_id: str | None = None
    client_name: str = "Valetkey"
    client_metadata_url: str | None = None
    signing_algorithm: str | None = None
    client_assertion: AssertionSource | None = None
    assertion_audience: str | None = None
    issuer: str | None = None
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    registration_endpoint: str | None = None
    device_authorization_endpoint: str | None = None
    resource: str | None = None
    send_resource: bool | None = None
    offline_access: bool | None = None
    approve_scope: Callable[[ScopeRequest], bool] | None = None
    on_event: Callable[..., object] | None = None
    assume_pkce: bool | None = None
    bearer: BearerName | None = None
    dpop: bool | None = None
    redirect_uri: str | None = None
    public_url: str | None = None
    login_timeout: float = LOGIN_SECONDS
    profile: str = AUTO
    strict: bool = False
    principal: str = "local"
    label: str = "default"
