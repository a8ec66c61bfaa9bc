# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Older formats of records, brought up to the present one when they are read; the file keeps them until written."""

from typing import Any

_Members = dict[str, Any]

_NEW_SERVER_TEXTS = (
    "revocation_endpoint",
    "device_authorization_endpoint",
    "token_endpoint_auth_signing_alg_values_supported",
    "revocation_endpoint_auth_methods_supported",
    "authorization_grant_profiles_supported",
    "dpop_signing_alg_values_supported",
    "protected_resources",
)
_NEW_SERVER_SWITCHES = ("client_id_metadata_document_supported", "require_pushed_authorization_requests")


def session_of_format_1(members: _Members) -> _Members:
    """
    Bring a session of format 1 up to format 2, which knows DPoP, ID tokens and more endpoints.

    :param members: The members of the record.
    :returns: The same as format 2 has them.
    """
    server = {**dict.fromkeys(_NEW_SERVER_TEXTS), **dict.fromkeys(_NEW_SERVER_SWITCHES, False), **members["server"]}
    token = {"token_type": "Bearer", "id_token": None, **members["token"]}
    return {
        **members,
        "token": token,
        "client": client_of_format_1(members["client"]),
        "server": server,
        "dpop_key": None,
    }


def client_of_format_1(members: _Members) -> _Members:
    """
    Bring a client of format 1 up to format 2, which knows where a client comes from.

    :param members: The members of the record.
    :returns: The same as format 2 has them.
    """
    return {**members, "origin": "registered" if members["registered"] else "configured"}
