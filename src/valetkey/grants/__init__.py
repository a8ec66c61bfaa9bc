# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How a token is obtained from nothing: one module for each grant."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from valetkey.clients import Clients
from valetkey.discovered import Discovered
from valetkey.login import Invitation
from valetkey.seams import Seams
from valetkey.settings import Settings
from valetkey.token_endpoint import TokenEndpoint
from valetkey.values import Scope, Session


@dataclass(frozen=True, slots=True)
class Occasion:
    """
    What belongs to this one time.

    :param save: Writes the session down; a grant is over when this has returned.
    :param announce: Told the invitation while a person is asked, and None when that is over.
    :param cancelled: Set when nobody waits for a person any more.
    """

    save: Callable[[Session], None]
    announce: Callable[[Invitation | None], None]
    cancelled: threading.Event


class Grant(Protocol):
    """One way to obtain a token."""

    def obtain(self, found: Discovered, scope: Scope | None, occasion: Occasion) -> None:
        """
        Obtain a token and save the session.

        :param found: The authorization server and the resource.
        :param scope: The scope to ask for, None to ask for none.
        :param occasion: What belongs to this time.
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
    from valetkey.grants.authorization_code import AuthorizationCode
    from valetkey.grants.client_credentials import ClientCredentials
    from valetkey.grants.device_code import DeviceCode
    from valetkey.grants.enterprise_managed import EnterpriseManaged
    from valetkey.grants.workload_identity import WorkloadIdentity

    if settings.chosen_grant == "client_credentials":
        return ClientCredentials(clients, tokens)
    if settings.workload_token is not None:  # the settings have checked that the grant fits
        return WorkloadIdentity(settings, settings.workload_token, clients, tokens)
    if settings.identity_provider is not None:
        return EnterpriseManaged(settings, settings.identity_provider, seams, clients, tokens)
    if settings.chosen_grant == "device_code":
        return DeviceCode(settings, seams, clients, tokens)
    return AuthorizationCode(settings, seams, clients, tokens)
