# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How an authorization server is treated: what is known of its provider, under what the user has set."""

import logging
from dataclasses import replace

from valetkey import policy
from valetkey.behaviour import NEUTRAL, Profile
from valetkey.profiles import find_profile
from valetkey.settings import Settings
from valetkey.values import ServerMetadata

_logger = logging.getLogger("valetkey")


def profile_of(settings: Settings, issuer: str) -> Profile:
    """
    Give the profile of a provider, with what the user has set on top, and say in the log which one it is.

    :param settings: The settings.
    :param issuer: The issuer.
    :returns: The profile to go by.
    """
    known = find_profile(settings.profile, issuer=issuer)
    if known is not NEUTRAL:
        _logger.info("%s is treated as the provider profile %r says", issuer, known.name)
    return policy.overlaid(
        known,
        send_resource=True if settings.resource is not None else settings.send_resource,
        assume_pkce=settings.assume_pkce,
        authorization_parameters=(*known.authorization_parameters, *settings.authorization_parameters),
    )


def filled_in(server: ServerMetadata, profile: Profile) -> ServerMetadata:
    """
    Fill in what a provider leaves out of its metadata. What it does say stands.

    :param server: The metadata.
    :param profile: The provider's profile.
    :returns: The metadata to go by.
    """
    methods = server.token_endpoint_auth_methods_supported or profile.authentication_methods or None
    return replace(server, token_endpoint_auth_methods_supported=methods)
