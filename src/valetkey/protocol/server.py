# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Authorization server metadata: where it may be, and what it says (RFC 8414 §2, §3; OpenID Connect Discovery §4).

Servers that publish no metadata are used as MCP 2025-03-26 says.
"""

from collections.abc import Collection
from dataclasses import replace
from urllib.parse import urlsplit

from valetkey import urls, wire
from valetkey.errors import InsecureEndpoint, IssuerMismatch, MalformedDocument, Unsupported, quote
from valetkey.protocol.inner_address import inside_hint
from valetkey.protocol.listing import listed
from valetkey.values import MetadataSource, ServerMetadata
from valetkey.wire import HttpRequest, HttpResponse

_OAUTH = "oauth-authorization-server"
_OPENID = "openid-configuration"
_MOST_RESOURCES = 10_000  # one that is missing would be held against the server (`serves`)
_OPTIONAL_ENDPOINTS = frozenset({"revocation_endpoint", "device_authorization_endpoint"})

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"  # RFC 7523 §2.1
ID_JAG_PROFILE = "urn:ietf:params:oauth:grant-profile:id-jag"  # ID-JAG §7.2


def server_candidates(issuer: str) -> tuple[str, ...]:
    """
    List the URLs of an issuer's metadata in the order of MCP; its last slash is dropped for them (RFC 8414 §3.1).

    The root documents of a host are never read for an issuer with a path: they describe another issuer.
    """
    base = issuer.removesuffix("/")
    inserted = (urls.insert_well_known(base, _OAUTH), urls.insert_well_known(base, _OPENID))
    if not urlsplit(base).path:
        return inserted
    return (*inserted, f"{base}/.well-known/{_OPENID}")


def require_issuer(issuer: str, *, named_at: str = "") -> str:
    """
    Refuse an issuer that is none (RFC 8414 §2: https, no query, no fragment), else give it back as it is.

    The hint of an error depends on `named_at`, the URL of the document that names the issuer.

    :raises InsecureEndpoint: If it is not https, or http on loopback.
    :raises Unsupported: If it has a query.
    """
    _require_endpoint(issuer, "issuer", named_at)
    if "?" in issuer:
        message = f"The issuer {quote(issuer)} has a query."
        raise Unsupported(message, hint="This is a fault of the server; its operator has to correct its metadata.")
    return issuer


def server_request(url: str, *, legacy: bool = False) -> HttpRequest:
    """
    Build the request for one of `server_candidates`; `parse_server` reads the answer.

    Servers of the 2025-03-26 path (`legacy`) look at the protocol version.
    """
    version = (("MCP-Protocol-Version", "2025-03-26"),) if legacy else ()
    return wire.get_json(url, "read what the authorization server offers", headers=version)


def parse_server(
    response: HttpResponse, issuer: str, *, strict: bool = False, unused: Collection[str] = ()
) -> ServerMetadata | None:
    """
    Read the answer to `server_request`; None if it is no such document, and the next candidate is to be tried.

    With `strict` the issuer is compared byte by byte, without the one tolerance of `urls.same_issuer`. Endpoints that
    are `unused`, because the user has given others or the grant needs none, are left out where they cannot be used.

    :raises IssuerMismatch: If the document belongs to another issuer: nothing of it may be used.
    :raises InsecureEndpoint: If one of its endpoints must not be used.
    :raises Unsupported: If its authorization endpoint, where it is used, gives no codes.
    :raises MalformedDocument: If the issuer or an endpoint of the login has the wrong type; any other member of a wrong
        type counts as absent.
    """
    document = wire.json_object(response) if response.status == 200 else None  # RFC 8414 §3.2
    named = wire.text_member(document, "issuer", response.url) if document is not None else None
    if document is None or named is None:
        return None
    if not urls.same_issuer(issuer, named, strict=strict):  # RFC 8414 §3.3
        message = f"{response.url} should describe the issuer {quote(issuer)}, but it names {quote(named)}."
        raise IssuerMismatch(message, hint=_issuer_hint(issuer, named), expected=issuer, received=named)

    if "authorization_endpoint" not in unused:
        _require_codes(named, wire.optional_list(document, "response_types_supported"))

    def texts(member: str) -> tuple[str, ...] | None:
        return wire.optional_list(document, member)

    def endpoint(member: str) -> str | None:
        return _endpoint(document, member, response.url, is_unused=member in unused)

    return ServerMetadata(
        issuer=named,
        authorization_endpoint=endpoint("authorization_endpoint"),
        token_endpoint=endpoint("token_endpoint"),
        registration_endpoint=endpoint("registration_endpoint"),
        revocation_endpoint=endpoint("revocation_endpoint"),
        device_authorization_endpoint=endpoint("device_authorization_endpoint"),
        scopes_supported=wire.scope_member(document, "scopes_supported"),
        code_challenge_methods_supported=texts("code_challenge_methods_supported"),
        token_endpoint_auth_methods_supported=texts("token_endpoint_auth_methods_supported"),
        token_endpoint_auth_signing_alg_values_supported=texts("token_endpoint_auth_signing_alg_values_supported"),
        revocation_endpoint_auth_methods_supported=texts("revocation_endpoint_auth_methods_supported"),
        grant_types_supported=texts("grant_types_supported"),
        authorization_grant_profiles_supported=texts("authorization_grant_profiles_supported"),
        dpop_signing_alg_values_supported=texts("dpop_signing_alg_values_supported"),
        protected_resources=wire.optional_list(document, "protected_resources", most=_MOST_RESOURCES),
        iss_parameter_supported=document.get("authorization_response_iss_parameter_supported") is True,
        client_id_metadata_document_supported=document.get("client_id_metadata_document_supported") is True,
        require_pushed_authorization_requests=document.get("require_pushed_authorization_requests") is True,
    )


def _endpoint(document: dict[str, object], member: str, url: str, *, is_unused: bool) -> str | None:
    """An endpoint that this login does not use is left out where it cannot be used (RFC 7009 §2: https)."""
    is_unused = is_unused or member in _OPTIONAL_ENDPOINTS
    try:
        value = wire.text_member(document, member, url)
        return None if value is None else _require_endpoint(value, member.replace("_", " "), url)
    except MalformedDocument:
        if is_unused or member == "registration_endpoint":  # `false` stands for none at some servers
            return None
        raise
    except InsecureEndpoint:
        if is_unused:
            return None
        raise


def _require_endpoint(url: str, what: str, named_at: str) -> str:
    try:
        return urls.require_endpoint(url, what)
    except InsecureEndpoint as error:
        if not named_at:  # the user has given it
            raise
        option = f"{what.replace(' ', '_')}="
        hint = inside_hint(named_at, url) or f"This is a fault of the server: tell its operator, or give {option}."
        raise error.with_hint(hint) from None


def _issuer_hint(asked: str, named: str) -> str:
    trusts = f"If you trust {quote(named)}, give it as issuer= to Valetkey"
    inside = inside_hint(asked, named)
    if urls.is_endpoint(named):
        return f"{inside} {trusts}." if inside is not None else f"{trusts}; else tell the server's operator."
    return f"{inside or 'This is a fault of the server: tell its operator.'} No issuer= can name such an issuer."


def legacy_issuer(server_url: str) -> str:
    """Give the issuer of a server that publishes no resource metadata: its own origin (MCP 2025-03-26, §2.3)."""
    return urls.origin(server_url)


def from_legacy(metadata: ServerMetadata) -> ServerMetadata:
    """Mark metadata that came from the MCP server's own origin."""
    return replace(metadata, source=MetadataSource.LEGACY)


def guessed_server(server_url: str) -> ServerMetadata:
    """Give the default endpoints of MCP 2025-03-26 for a server without any metadata, marked as a guess."""
    base = legacy_issuer(server_url)
    return ServerMetadata(
        issuer=base,
        authorization_endpoint=f"{base}/authorize",
        token_endpoint=f"{base}/token",
        registration_endpoint=f"{base}/register",
        source=MetadataSource.GUESSED,
    )


def serves(metadata: ServerMetadata, resource: str) -> bool:
    """
    Tell whether an authorization server protects a resource, as its metadata says (RFC 9728 §4).

    False only if it lists its resources, and this one is not among them.
    """
    return metadata.protected_resources is None or resource in metadata.protected_resources


def require_token_endpoint(metadata: ServerMetadata) -> ServerMetadata:
    """
    Make sure that there is a token endpoint, and give the metadata back.

    :raises Unsupported: If there is none.
    """
    if metadata.token_endpoint is None:
        message = f"The authorization server {metadata.issuer} names no token endpoint."
        raise Unsupported(message, hint="Ask its operator, or give token_endpoint=.")
    return metadata


def require_jwt_bearer(metadata: ServerMetadata, *, named: bool) -> None:
    """
    Make sure that a server takes the assertion of a workload (SEP-1933, Authorization Server Metadata).

    :param named: True if the user has named this server; then its metadata need not list its grants.
    :raises Unsupported: If it does not list the grant.
    """
    listed = metadata.grant_types_supported
    if listed is None and named:
        return
    if JWT_BEARER not in (listed or ()):  # RFC 8414 §2: without a list it is code and implicit
        message = f"The authorization server {metadata.issuer} does not list the grant type {JWT_BEARER}."
        hint = "Ask its operator whether it takes the tokens of workloads; then it has to publish that."
        raise Unsupported(message, hint=hint)


def require_identity_assertions(metadata: ServerMetadata) -> None:
    """
    Make sure that a server takes identity assertions (MCP, Enterprise-Managed Authorization §6; ID-JAG §7.2).

    :raises Unsupported: If it lists what it takes without them; a server that lists nothing is asked.
    """
    listed, required = metadata.authorization_grant_profiles_supported, ID_JAG_PROFILE
    if listed is None:
        listed, required = metadata.grant_types_supported, JWT_BEARER
    if listed is not None and required not in listed:
        message = f"The authorization server {metadata.issuer} does not list {required}."
        hint = "It takes no identity assertions; ask its operator, or let a person log in there."
        raise Unsupported(message, hint=hint)


def require_code_flow(metadata: ServerMetadata, *, trusted: bool = False) -> None:
    """
    Make sure that a person can log in at this server with PKCE (MCP, Authorization Code Protection).

    :param trusted: True if the user or a provider profile says that it supports S256 without announcing it.
    :raises Unsupported: If an endpoint is missing or S256 is not announced. A guessed or configured server has no
        document to announce it in: there S256 is used unannounced (MCP 2025-03-26 requires it of the server).
    """
    if metadata.authorization_endpoint is None or metadata.token_endpoint is None:
        message = f"The authorization server {metadata.issuer} names no authorization or token endpoint."
        raise Unsupported(message, hint="Ask its operator, or give authorization_endpoint and token_endpoint.")
    if metadata.require_pushed_authorization_requests:  # RFC 9126 §5
        message = f"The authorization server {metadata.issuer} only takes pushed authorization requests."
        raise Unsupported(message, hint="Valetkey does not send them; ask its operator to allow ordinary ones.")
    if not trusted and metadata.source not in (MetadataSource.GUESSED, MetadataSource.CONFIGURED):
        _require_s256(metadata)


def _require_codes(issuer: str, responses: tuple[str, ...] | None) -> None:
    """RFC 8414 §2; a server that lists nothing is asked."""
    if responses is not None and "code" not in responses:
        message = f"The authorization server {issuer} gives no codes, only {listed(responses)}."
        hint = "Ask its operator to allow the response type code, or give the authorization_endpoint= that gives codes."
        raise Unsupported(message, hint=hint)


def _require_s256(metadata: ServerMetadata) -> None:
    methods = metadata.code_challenge_methods_supported
    if "S256" in (methods or ()):
        return
    message = f"The authorization server {metadata.issuer} does not announce PKCE with S256."
    hint = (
        "Ask its operator to publish code_challenge_methods_supported; if you know that it supports S256, "
        "say so with assume_pkce=True."
    )
    if methods is not None:
        message = f"{message.removesuffix('.')}, only with {listed(methods)}."
        hint = "Ask its operator to allow S256 too: Valetkey logs in with nothing weaker."
    raise Unsupported(message, hint=hint)
