# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What the user has given of an authorization server: it counts more than what a document says, or replaces one."""

from dataclasses import replace

from valetkey import urls
from valetkey.errors import AuthError, IssuerMismatch, MalformedDocument, TemporaryError, Unsupported
from valetkey.settings.credentials import RegisteredClient
from valetkey.settings.settings import Settings
from valetkey.values import MetadataSource, ServerMetadata

_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "registration_endpoint", "device_authorization_endpoint")


def configured(settings: Settings, issuer: str | None = None) -> ServerMetadata:
    """Give the server of the settings; where no issuer is known, the origin of the token endpoint stands for it."""
    endpoint = settings.token_endpoint or ""
    return ServerMetadata(
        issuer=settings.issuer or issuer or urls.origin(endpoint),
        authorization_endpoint=settings.authorization_endpoint,
        token_endpoint=endpoint,
        registration_endpoint=settings.registration_endpoint,
        device_authorization_endpoint=settings.device_authorization_endpoint,
        source=MetadataSource.CONFIGURED,
    )


def overridden(server: ServerMetadata, settings: Settings) -> ServerMetadata:
    """Put the user's endpoints in the place of the published ones."""
    own = {name: endpoint for name in _ENDPOINTS if (endpoint := getattr(settings, name))}
    given = replace(server, **own) if own else server
    return given if settings.token_endpoint is None or names_issuer(settings) else _at_token_endpoint(given, settings)


def _at_token_endpoint(server: ServerMetadata, settings: Settings) -> ServerMetadata:
    """
    Leave out the endpoints that would get what belongs to the user's token endpoint, and lie elsewhere.

    The user has named the receiver of tokens and secrets by its endpoint alone; the document's issuer is the MCP
    server's word.
    """
    endpoint, revocation, device = settings.token_endpoint or "", server.revocation_endpoint, None
    if revocation is not None and not urls.same_origin(revocation, endpoint):
        revocation = None
    if server.device_authorization_endpoint is not None:
        is_own = settings.device_authorization_endpoint is not None
        is_there = is_own or urls.same_origin(server.device_authorization_endpoint, endpoint)
        device = server.device_authorization_endpoint if is_there else None
    return replace(server, revocation_endpoint=revocation, device_authorization_endpoint=device)


def names_issuer(settings: Settings) -> bool:
    """Tell whether the user has said to which issuer the client of the settings belongs."""
    return settings.issuer is not None or bool(settings.clients)


def client_given(settings: Settings, issuer: str) -> RegisteredClient | None:
    """Give what the settings say about a client at an issuer."""
    if settings.client_id is None:
        return next((client for client in settings.clients if client.issuer == issuer), None)
    return RegisteredClient(
        issuer=settings.issuer or issuer,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        client_authentication=settings.client_authentication,
        redirect_uri=settings.answer_address,
    )


def unused_endpoints(settings: Settings) -> frozenset[str]:
    """Name the published endpoints that a login with these settings does not use."""
    unused = {name for name in _ENDPOINTS if getattr(settings, name) is not None}
    if settings.is_machine or settings.chosen_grant == "device_code":
        unused.add("authorization_endpoint")
    if settings.chosen_grant != "device_code":
        unused.add("device_authorization_endpoint")
    if _has_client(settings):
        unused.add("registration_endpoint")
    return frozenset(unused)


def gives_endpoints(settings: Settings) -> bool:
    """Tell whether the user has given the endpoints of the grant, so that no document has to name them."""
    if settings.token_endpoint is None:
        return False
    if settings.chosen_grant == "device_code":
        return settings.device_authorization_endpoint is not None
    return settings.is_machine or settings.authorization_endpoint is not None


def does_without_metadata(settings: Settings, trouble: AuthError) -> bool:
    """
    Tell whether a login goes on without the resource metadata: the user has said what it could say.

    A server that cannot answer now is asked again later, because it may name the resource in another way.
    """
    return not isinstance(trouble, TemporaryError) and (settings.issuer is not None or gives_endpoints(settings))


def does_without_server(settings: Settings, trouble: AuthError) -> bool:
    """
    Tell whether a login goes on with the user's endpoints alone, where the metadata of their server cannot be read.

    Of a document that names another issuer nothing is used, and only a user who has named the issuer goes on.
    """
    if not gives_endpoints(settings):
        return False
    if isinstance(trouble, TemporaryError):  # it may name the registration endpoint later
        return _has_client(settings) or settings.registration_endpoint is not None
    if isinstance(trouble, IssuerMismatch):
        return settings.issuer is not None
    return isinstance(trouble, Unsupported | MalformedDocument)


def shows_a_secret(settings: Settings) -> bool:
    """Tell whether a login sends a proof that the user has given for one authorization server."""
    secrets = (settings.client_secret, *(client.client_secret for client in settings.clients))
    proofs = (settings.initial_access_token, settings.workload_token, settings.identity_provider, *secrets)
    return settings.can_sign or any(proof is not None for proof in proofs)


def _has_client(settings: Settings) -> bool:
    return settings.is_machine or settings.client_id is not None or bool(settings.clients)
