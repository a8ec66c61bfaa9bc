# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The grant that the settings ask for."""

from valetkey._clients.selection import ClientSelection
from valetkey._grants.grant import Grant
from valetkey._grants.token_endpoint import TokenEndpoint
from valetkey._sessions.pending_logins import PendingLogins
from valetkey.login.link import LinkLogin
from valetkey.seams import Seams
from valetkey.settings.settings import Settings


def open_grant(
    settings: Settings, seams: Seams, clients: ClientSelection, tokens: TokenEndpoint, pending: PendingLogins
) -> Grant:
    """Give the grant the settings ask for; only its own module is imported."""
    if settings.chosen_grant == "client_credentials":
        from valetkey._grants.client_credentials import ClientCredentials

        return ClientCredentials(clients, tokens)
    if settings.workload_token is not None:  # the settings have checked that the grant fits
        from valetkey._grants.workload_identity import WorkloadIdentity

        return WorkloadIdentity(settings, settings.workload_token, clients, tokens)
    if settings.identity_provider is not None:
        from valetkey._grants.enterprise_managed import EnterpriseManaged

        return EnterpriseManaged(settings, settings.identity_provider, seams, clients, tokens)
    if settings.chosen_grant == "device_code":
        from valetkey._grants.device_code import DeviceCode

        return DeviceCode(settings, seams, clients, tokens)
    from valetkey._grants.code_login import CodeLogin

    login = CodeLogin(settings, seams, clients, tokens)
    if isinstance(seams.login, LinkLogin):
        from valetkey._grants.begun_login import BegunLogins

        return BegunLogins(login, pending)
    from valetkey._grants.authorization_code import AuthorizationCode

    return AuthorizationCode(login)
