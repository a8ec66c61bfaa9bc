# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How an authorization server is treated: what is known of its provider, under what the user has set."""

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
    Give the profile of a provider, with what the user has set on top, and say in the log which one it is.

    :param choice: "auto", "none" or the name of a profile.
    :param issuer: The issuer.
    :param chosen: Members of the profile that the user has set; None means that the user has left it open.
    :returns: The profile to use.
    """
    known = find_profile(choice, issuer=issuer)
    if known is not STANDARD:
        _logger.info("%s is treated as the provider profile %r says", issuer, known.name)
    members = {name: value for name, value in chosen.items() if value is not None}
    members["authorization_parameters"] = (
        *known.authorization_parameters,
        *members.get("authorization_parameters", ()),
    )
    return replace(known, **members)


def filled_in(server: ServerMetadata, profile: Profile) -> ServerMetadata:
    """
    Fill in what a provider leaves out of its metadata. What it does say stands.

    :param server: The metadata.
    :param profile: The provider's profile.
    :returns: The metadata to go by.
    """
    methods = server.token_endpoint_auth_methods_supported or profile.authentication_methods or None
    return replace(server, token_endpoint_auth_methods_supported=methods)
