# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Records of older formats, brought up to the present one when they are read; they stay in the store until written."""

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
    """Bring a session of format 1 up to format 2, which has DPoP, ID tokens and more endpoints."""
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
    """Bring a client of format 1 up to format 2, which says where a client comes from."""
    return {**members, "origin": "registered" if members["registered"] else "configured"}


def with_later_members(members: _Members) -> _Members:
    """Bring a session of format 2 up to all of its members; the first records of it have no terms and no end."""
    return {"terms": None, "ended": None, "renewed": False, "login": None, **members}


def with_all_of_intent(members: _Members) -> _Members:
    """Bring an intent of format 2 up to all of its members; the first ones have `started_at` alone."""
    return {"fingerprint": "", "holder": "", "deadline": 0.0, **members}


_ANSWERS = ("scope", "declined_scope", "other_redirect_uris", "registered_at")
"""What a client's registration said; the first records of format 2 have none of it."""


def with_all_answers(members: _Members) -> _Members:
    """Bring a client of format 2 up to all of its members."""
    return {**dict.fromkeys(_ANSWERS), **members}


def without_empty_answers(members: _Members) -> _Members:
    """Leave out of a client's record what its registration did not say."""
    return {name: member for name, member in members.items() if member or name not in _ANSWERS}
