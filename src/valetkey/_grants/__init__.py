# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How a token is obtained from nothing: one module for each grant."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from valetkey._clients.selection import Clients
from valetkey._discovery.target import AuthorizationTarget
from valetkey._grants.token_endpoint import TokenEndpoint
from valetkey.seams import LoginPrompt, Seams
from valetkey.settings.settings import Settings
from valetkey.values import Scope, Session


@dataclass(frozen=True, slots=True)
class GrantContext:
    """
    What belongs to this one time.

    :param save: Writes the session down; a grant is over when this has returned.
    :param announce: Told the prompt while a person is asked, and None when that is over.
    :param cancelled: Set when nobody waits for a person any more.
    """

    save: Callable[[Session], None]
    announce: Callable[[LoginPrompt | None], None]
    cancelled: threading.Event


class Grant(Protocol):
    """One way to obtain a token."""

    def obtain(self, target: AuthorizationTarget, scope: Scope | None, context: GrantContext) -> None:
        """
        Obtain a token and save the session.

        :param target: The authorization server and the resource.
        :param scope: The scope to ask for, None to ask for none.
        :param context: What belongs to this time.
        :raises AuthError: If there is none to be had.
        """


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
