# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The answers of MCP servers and authorization servers."""

import math

from tests.fuzz.checks import in_proportion, ours, require_sendable
from tests.fuzz.reading import Input, answer
from tests.fuzz.target import Target
from valetkey import urls
from valetkey._policy.issuers import choose_issuers
from valetkey._policy.registration_tries import corrected, names_redirect_address
from valetkey._policy.tolerance import (
    declines_audience,
    declines_resource,
    says_client_is_unknown,
    wants_scope_named,
)
from valetkey.errors import AuthError, ClientRefused
from valetkey.protocol.client_document import check_document
from valetkey.protocol.device import declined, next_interval, parse_device_authorization
from valetkey.protocol.dpop import refuses_without_nonce
from valetkey.protocol.error_response import read_error, refusal_error, retry_after, temporary_error
from valetkey.protocol.ping import redirection, wants_login
from valetkey.protocol.registration import ClientMetadata, parse_registration
from valetkey.protocol.resource import ResourceCandidate, parse_resource, require_usable, resource_request
from valetkey.protocol.revocation import parse_revocation
from valetkey.protocol.server import (
    parse_server,
    require_code_flow,
    require_identity_assertions,
    require_issuer,
    require_jwt_bearer,
    server_candidates,
)
from valetkey.protocol.server_words import words_of
from valetkey.protocol.token import parse_token, renewed
from valetkey.protocol.token_exchange import parse_identity_assertion
from valetkey.values import ClientOrigin, Secret, ServerMetadata, Token

MCP = "https://mcp.example/mcp"
ISSUER = "https://as.example"
NOW = 1_700_000_000.0
JSON = (
    b'{"',
    b'":"',
    b'","',
    b'"}',
    b'":[',
    b'":{',
    b"null",
    b"true",
    b"\\ud800",
    b"\\u0000",
    b"1e999",
    b"NaN",
    b"Infinity",
)
URLS = (
    b"https://",
    b"http://",
    b"https://as.example",
    b"https://mcp.example/mcp",
    b"localhost",
    b"[::1]",
    b"127.0.0.1",
    b"%2f",
    b"@",
)
_RESOURCE = (
    *("resource", "authorization_servers", "scopes_supported", "bearer_methods_supported"),
    *("dpop_signing_alg_values_supported", "dpop_bound_access_tokens_required"),
    "tls_client_certificate_bound_access_tokens",
)
_SERVER = (
    *("issuer", "authorization_endpoint", "token_endpoint", "registration_endpoint", "revocation_endpoint"),
    *("device_authorization_endpoint", "scopes_supported", "code_challenge_methods_supported"),
    *("token_endpoint_auth_methods_supported", "response_types_supported", "grant_types_supported"),
    *("authorization_grant_profiles_supported", "dpop_signing_alg_values_supported", "protected_resources"),
    *("authorization_response_iss_parameter_supported", "client_id_metadata_document_supported"),
    "require_pushed_authorization_requests",
)
_REGISTRATION = (
    *("client_id", "client_secret", "client_secret_expires_at", "token_endpoint_auth_method", "redirect_uris"),
    *("scope", "error", "error_description"),
)
_TOKEN = (
    "access_token",
    "token_type",
    "expires_in",
    "refresh_token",
    "scope",
    "id_token",
    "error",
    "error_description",
)
_ERROR = ("error", "error_description", "detail", "message", "errors", "title", "reason", "error_uri", "contacts")
_DEVICE = (
    *("device_code", "user_code", "verification_uri", "verification_url", "verification_uri_complete"),
    *("expires_in", "interval", "error", "error_description"),
)
_ASSERTION = (
    "access_token",
    "issued_token_type",
    "token_type",
    "expires_in",
    "scope",
    "error",
    "max_age",
    "acr_values",
)
_DOCUMENT = (
    "client_id",
    "client_name",
    "redirect_uris",
    "grant_types",
    "token_endpoint_auth_method",
    "jwks",
    "client_secret",
)


def _resource(data):
    source = Input(data)
    strict = bool(source.byte() & 1)
    response = answer(source, _RESOURCE)
    with in_proportion(len(response.body)):
        metadata = ours(parse_resource, response, ResourceCandidate(MCP, MCP), MCP, strict=strict)
        if metadata is None:
            return
        assert urls.covers(metadata.resource, MCP)
        ours(require_usable, metadata)
        for issuer in choose_issuers(metadata, None)[:3]:
            if ours(require_issuer, issuer, named_at=MCP) is not None:
                assert all(map(urls.is_endpoint, server_candidates(issuer))), issuer


def _server(data):
    source = Input(data)
    flags = source.byte()
    unused = ("authorization_endpoint", "token_endpoint") if flags & 2 else ()
    response = answer(source, _SERVER)
    with in_proportion(len(response.body)):
        metadata = ours(parse_server, response, ISSUER, strict=bool(flags & 1), unused=unused)
        if metadata is None:
            return
        assert urls.same_issuer(ISSUER, metadata.issuer, strict=bool(flags & 1))
        for endpoint in (
            *(metadata.authorization_endpoint, metadata.token_endpoint, metadata.registration_endpoint),
            *(metadata.revocation_endpoint, metadata.device_authorization_endpoint),
        ):
            assert endpoint is None or urls.is_endpoint(endpoint)
        ours(require_code_flow, metadata)
        ours(require_jwt_bearer, metadata, named=False)
        ours(require_identity_assertions, metadata)


def _registration(data):
    source = Input(data)
    asked = ClientMetadata("http://127.0.0.1:8080/callback", "name", scope=("read", "write"))
    response = answer(source, _REGISTRATION)
    with in_proportion(len(response.body)):
        try:
            client = parse_registration(response, ServerMetadata(ISSUER), asked, now=NOW)
        except ClientRefused as refusal:
            names_redirect_address(refusal)
            require_sendable(corrected(asked, refusal))
        except AuthError:
            pass
        else:
            require_sendable(client)
            assert client.issuer == ISSUER
            assert client.origin is ClientOrigin.REGISTERED


def _token(data):
    source = Input(data)
    response = answer(source, _TOKEN)
    with in_proportion(len(response.body)):
        token = ours(parse_token, response, now=NOW, requested_scope=("read",))
        if token is None:
            return
        assert all("!" <= each <= "~" for each in token.access_token.reveal())
        assert token.expires_at is None or NOW < token.expires_at < math.inf
        assert token.access_token.reveal()
        old = Token(Secret("a"), NOW, refresh_token=Secret("r"), scope=("read",))
        assert renewed(old, token).refresh_token is not None


def _error(data):
    source = Input(data)
    response = answer(source, _ERROR)
    with in_proportion(len(response.body)):
        error, description = read_error(response)
        words_of(response)
        ours(_raise, refusal_error(response, "It", scope=("read",)))
        ours(_raise, temporary_error(response, "It", now=NOW))
        for wait in (retry_after(response, now=NOW), retry_after(response, now=None)):
            assert wait is None or 0 <= wait <= 366 * 86_400
        declines_resource(error, description)
        declines_audience(MCP, description)
        wants_scope_named(error, description)
        says_client_is_unknown(error, description)
        refuses_without_nonce(response)


def _raise(error):
    raise error


def _device(data):
    source = Input(data)
    response = answer(source, _DEVICE)
    with in_proportion(len(response.body)):
        begun = ours(parse_device_authorization, response, now=NOW)
        if begun is not None:
            assert begun.user_code.isprintable()
            for page in filter(None, (begun.verification_uri, begun.verification_uri_complete)):
                assert urls.is_endpoint(page)
                assert urls.encode_for_browser(page) == page
            assert 1 <= begun.interval < math.inf
        error, description = read_error(response)
        next_interval(error, 5.0)
        ended = declined(error, description, ISSUER)
        if ended is not None:
            ours(_raise, ended)


def _identity_assertion(data):
    source = Input(data)
    response = answer(source, _ASSERTION)
    with in_proportion(len(response.body)):
        ours(parse_identity_assertion, response, audience=ISSUER, now=NOW, requested_scope=None)


def _revocation(data):
    response = answer(Input(data), _ERROR)
    with in_proportion(len(response.body)):
        ours(parse_revocation, response, now=NOW)


def _client_document(data):
    response = answer(Input(data), _DOCUMENT, "https://client.example/c.json")
    with in_proportion(len(response.body)):
        for finding in check_document(response):
            assert len(str(finding)) < 20_000


def _ping(data):
    from valetkey.protocol.challenge import parse_challenges

    response = answer(Input(data), ("jsonrpc",), MCP)
    fields = [value for name, value in response.headers if name == "WWW-Authenticate"]
    with in_proportion(sum(map(len, fields)) + len(response.body)):
        wants_login(response, parse_challenges(fields))
        target = redirection(response)
        assert target is None or "#" not in target
        if target is not None:
            ours(resource_request, ResourceCandidate(target, MCP))


_HEADERS = (
    b"Wed, 21 Oct 2026 07:28:00 GMT",
    b"Sun Nov  6 08:49:37 1994",
    b"9999999999999",
    b"gzip",
    b"application/json",
    b"text/plain",
    b"/x",
)

TARGETS = (
    Target(
        name="resource_metadata",
        reads="protected resource metadata (RFC 9728)",
        modules=("protocol/resource.py", "wire.py", "urls.py", "_policy/issuers.py"),
        run=_resource,
        tokens=(*JSON, *URLS, b'"resource":"https://mcp.example/mcp"', b"authorization_servers", b"header"),
    ),
    Target(
        name="server_metadata",
        reads="authorization server metadata (RFC 8414)",
        modules=("protocol/server.py", "wire.py", "urls.py"),
        run=_server,
        tokens=(*JSON, *URLS, b'"issuer":"https://as.example"', b"S256", b"code", b"_endpoint"),
    ),
    Target(
        name="registration_answer",
        reads="the answer of a registration endpoint (RFC 7591)",
        modules=("protocol/registration.py", "_policy/registration_tries.py", "protocol/error_response.py"),
        run=_registration,
        tokens=(
            *JSON,
            *(name.encode() for name in _REGISTRATION),
            b"none",
            b"client_secret_basic",
            b"redirect_uri",
            b"grant_type",
        ),
    ),
    Target(
        name="token_answer",
        reads="the answer of a token endpoint (RFC 6749)",
        modules=("protocol/token.py", "protocol/error_response.py", "wire.py"),
        run=_token,
        tokens=(*JSON, *(name.encode() for name in _TOKEN), b"Bearer", b"DPoP", b"access_token=a&", b"3600"),
    ),
    Target(
        name="error_answer",
        reads="an error answer of any endpoint, with Retry-After and the reason in words",
        modules=("protocol/error_response.py", "protocol/server_words.py", "_policy/tolerance.py"),
        run=_error,
        tokens=(
            *JSON,
            *_HEADERS,
            b"invalid_request",
            b"temporarily_unavailable",
            b"unknown parameter resource",
            b"client not found",
        ),
    ),
    Target(
        name="device_answer",
        reads="the answer of a device authorization endpoint (RFC 8628)",
        modules=("protocol/device.py", "protocol/error_response.py", "urls.py"),
        run=_device,
        tokens=(*JSON, *URLS, *(name.encode() for name in _DEVICE), b"slow_down", b"authorization_pending"),
    ),
    Target(
        name="identity_assertion",
        reads="the answer of an identity provider (RFC 8693)",
        modules=("protocol/token_exchange.py", "protocol/error_response.py"),
        run=_identity_assertion,
        tokens=(*JSON, b"urn:ietf:params:oauth:token-type:id-jag", b"N_A", b"insufficient_user_authentication"),
    ),
    Target(
        name="revocation_answer",
        reads="the answer of a revocation endpoint (RFC 7009)",
        modules=("protocol/revocation.py", "protocol/error_response.py"),
        run=_revocation,
        tokens=(*JSON, *_HEADERS, b"unsupported_token_type", b"invalid_client"),
    ),
    Target(
        name="client_document",
        reads="a published client metadata document",
        modules=("protocol/client_document.py", "wire.py"),
        run=_client_document,
        tokens=(
            *JSON,
            *(name.encode() for name in _DOCUMENT),
            b"https://client.example/c.json",
            b"private_key_jwt",
            b"keys",
        ),
    ),
    Target(
        name="ping_answer",
        reads="the answer of an MCP server to a ping, with challenges and redirects",
        modules=("protocol/ping.py", "protocol/challenge.py", "wire.py", "urls.py"),
        run=_ping,
        tokens=(*URLS, b'Bearer error="', b"/x", b"//h", b"?", b"#", b".."),
    ),
)
