# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which grant the settings ask for."""

from valetkey._clients.selection import Clients
from valetkey._grants.grant import Grant
from valetkey._grants.token_endpoint import TokenEndpoint
from valetkey.seams import Seams
from valetkey.settings.settings import Settings


def open_grant(settings: Settings, seams: Seams, clients: Clients, tokens: TokenEndpoint) -> Grant:
    """
    Give the grant the settings ask for.

    :param settings: The settings.
    :param seams: Where it touches the world.
    :param clients: Who we are at which issuer.
    :param tokens: Asks token endpoints.
    :returns: The grant.
    """
    from valetkey._grants.authorization_code import AuthorizationCode
    from valetkey._grants.client_credentials import ClientCredentials
    from valetkey._grants.device_code import DeviceCode
    from valetkey._grants.enterprise_managed import EnterpriseManaged
    from valetkey._grants.workload_identity import WorkloadIdentity

    if settings.chosen_grant == "client_credentials":
        return ClientCredentials(clients, tokens)
    if settings.workload_token is not None:  # the settings have checked that the grant fits
        return WorkloadIdentity(settings, settings.workload_token, clients, tokens)
    if settings.identity_provider is not None:
        return EnterpriseManaged(settings, settings.identity_provider, seams, clients, tokens)
    if settings.chosen_grant == "device_code":
        return DeviceCode(settings, seams, clients, tokens)
    return AuthorizationCode(settings, seams, clients, tokens)
