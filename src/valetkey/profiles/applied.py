# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The profile an authorization server is used with: the provider's, with the user's options on top."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from valetkey.profiles.catalog import find_profile
from valetkey.profiles.profile import STANDARD, Profile
from valetkey.values import ServerMetadata

_logger = logging.getLogger("valetkey")


def resolve_profile(choice: str, issuer: str, chosen: Mapping[str, Any]) -> Profile:
    """
    Give the profile for an issuer, with the user's options on top; the log names it.

    :param choice: "auto", "none" or the name of a profile.
    :param chosen: Members of the profile that the user has set; None for one that is left open.
    """
    known = find_profile(choice, issuer=issuer)
    if known is not STANDARD:
        _logger.info("%s is used with the provider profile %r", issuer, known.name)
    members = {name: value for name, value in chosen.items() if value is not None}
    members["authorization_parameters"] = (
        *known.authorization_parameters,
        *members.get("authorization_parameters", ()),
    )
    return replace(known, **members)


def filled_in(server: ServerMetadata, profile: Profile) -> ServerMetadata:
    """Fill in what a provider leaves out of its metadata; what the metadata says counts."""
    methods = server.token_endpoint_auth_methods_supported or profile.authentication_methods or None
    return replace(server, token_endpoint_auth_methods_supported=methods)
