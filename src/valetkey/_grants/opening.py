# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The grant that the settings ask for."""

from dataclasses import replace

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

    code = AuthorizationCode(login)
    if not _prefers_device(settings, seams):
        return code
    from valetkey._grants.code_or_device import CodeOrDevice
    from valetkey._grants.device_code import DeviceCode

    on_device = replace(settings, grant="device_code")  # its client is registered for that grant
    return CodeOrDevice(code, DeviceCode(on_device, seams, clients.with_settings(on_device), tokens))


def _prefers_device(settings: Settings, seams: Seams) -> bool:
    """Tell whether the answer of a browser would have to be pasted, and the user has set nothing about that answer."""
    from valetkey.login.here import LoginHere

    is_open = settings.grant == "auto" and settings.answer_address is None and not settings.redirect_uris
    return is_open and isinstance(seams.login, LoginHere) and seams.login.is_without_browser()
