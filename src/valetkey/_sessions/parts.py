# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Reading what a record is made of: a token, a client, a server; errors are those of `members`."""

from valetkey._sessions import old_formats
from valetkey._sessions.members import Members, credential, optional, secret, switch, text, texts, time
from valetkey.values import (
    Client,
    ClientAuthentication,
    ClientOrigin,
    MetadataSource,
    RefreshIntent,
    ServerMetadata,
    Terms,
    Token,
    TokenType,
)


def read_token(members: Members) -> Token:
    """Read a token."""
    return Token(
        access_token=credential(members, "access_token"),
        obtained_at=time(members, "obtained_at"),
        expires_at=optional(time, members, "expires_at"),
        refresh_token=secret(members, "refresh_token"),
        scope=texts(members, "scope"),
        token_type=TokenType(members["token_type"]),
        id_token=secret(members, "id_token"),
    )


def read_intent(members: Members) -> RefreshIntent:
    """Read the note that a refresh token was being sent."""
    members = old_formats.with_all_of_intent(members)
    return RefreshIntent(
        started_at=time(members, "started_at"),
        fingerprint=text(members, "fingerprint"),
        holder=text(members, "holder"),
        deadline=time(members, "deadline"),
    )


def read_terms(members: Members) -> Terms:
    """Read the options that a token depends on."""
    send_resource = members["send_resource"]
    if not isinstance(send_resource, bool | None):
        raise TypeError(send_resource)
    return Terms(
        scope=texts(members, "scope"),
        resource=optional(text, members, "resource"),
        send_resource=send_resource,
        bearer=optional(text, members, "bearer"),
        grant=text(members, "grant"),
    )


def read_client(members: Members) -> Client:
    """Read a client."""
    members = old_formats.with_all_answers(members)
    method = optional(text, members, "authentication")
    return Client(
        client_id=text(members, "client_id"),
        issuer=text(members, "issuer"),
        secret=secret(members, "secret"),
        authentication=ClientAuthentication(method) if method is not None else None,
        redirect_uri=optional(text, members, "redirect_uri"),
        secret_expires_at=optional(time, members, "secret_expires_at"),
        origin=ClientOrigin(members["origin"]),
        scope=texts(members, "scope"),
        declined_scope=texts(members, "declined_scope") or (),
        other_redirect_uris=texts(members, "other_redirect_uris") or (),
        registered_at=optional(time, members, "registered_at"),
    )


def read_server(members: Members) -> ServerMetadata:
    """Read what is known of an authorization server."""
    return ServerMetadata(
        issuer=text(members, "issuer"),
        authorization_endpoint=optional(text, members, "authorization_endpoint"),
        token_endpoint=optional(text, members, "token_endpoint"),
        registration_endpoint=optional(text, members, "registration_endpoint"),
        revocation_endpoint=optional(text, members, "revocation_endpoint"),
        device_authorization_endpoint=optional(text, members, "device_authorization_endpoint"),
        scopes_supported=texts(members, "scopes_supported"),
        code_challenge_methods_supported=texts(members, "code_challenge_methods_supported"),
        token_endpoint_auth_methods_supported=texts(members, "token_endpoint_auth_methods_supported"),
        token_endpoint_auth_signing_alg_values_supported=texts(
            members, "token_endpoint_auth_signing_alg_values_supported"
        ),
        revocation_endpoint_auth_methods_supported=texts(members, "revocation_endpoint_auth_methods_supported"),
        grant_types_supported=texts(members, "grant_types_supported"),
        authorization_grant_profiles_supported=texts(members, "authorization_grant_profiles_supported"),
        dpop_signing_alg_values_supported=texts(members, "dpop_signing_alg_values_supported"),
        protected_resources=texts(members, "protected_resources"),
        iss_parameter_supported=switch(members, "iss_parameter_supported"),
        client_id_metadata_document_supported=switch(members, "client_id_metadata_document_supported"),
        require_pushed_authorization_requests=switch(members, "require_pushed_authorization_requests"),
        source=MetadataSource(members["source"]),
    )
