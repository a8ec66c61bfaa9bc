# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How a provider wants to be treated, where that is not what the specifications say; the data is in `profiles`."""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from valetkey.values import Scope

BearerName = Literal["access_token", "id_token"]
NONE = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """
    How one provider wants to be treated. The defaults are what the specifications say.

    :param name: Its name, as `profile=` takes it.
    :param issuers: Issuers it is for; `*` stands for any text, for example a tenant.
    :param servers: Hosts of MCP servers it is for; `*` as above.
    :param send_resource: False where the `resource` parameter is refused (RFC 8707).
    :param assume_pkce: True where S256 is supported and not announced.
    :param offline_access: False where `offline_access` must not be asked for, listed or not.
    :param scope_on_refresh: True where a refresh has to name its scope.
    :param bearer: Which token the MCP server wants to see.
    :param authorization_parameters: Further parameters of the authorization request.
    :param ends_refresh_with: Further error codes that say that a refresh token is dead.
    :param redirect_uri: The loopback address to use where any other is refused; None for a free port.
    :param registers_clients: False where programs cannot register themselves, whatever the metadata says.
    :param hint: What a person has to do there first, one sentence.
    :param evidence: Where this is known from.
    """

    name: str
    issuers: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    send_resource: bool = True
    assume_pkce: bool = False
    offline_access: bool = True
    scope_on_refresh: bool = False
    bearer: BearerName = "access_token"
    authorization_parameters: tuple[tuple[str, str], ...] = ()
    ends_refresh_with: tuple[str, ...] = ()
    redirect_uri: str | None = None
    registers_clients: bool = True
    scope: Scope | None = None
    hint: str = ""
    evidence: str = ""

    def is_for(self, issuer: str, server_url: str) -> bool:
        """
        Tell whether the profile is for a pair of servers.

        :param issuer: The issuer.
        :param server_url: The URL of the MCP server.
        :returns: True if either matches.
        """
        host = (urlsplit(server_url).hostname or "").lower()
        return any(_matches(pattern, issuer.rstrip("/")) for pattern in self.issuers) or any(
            _matches(pattern, host) for pattern in self.servers
        )


NEUTRAL = Profile(name=NONE)
"""Nothing special: what the specifications say."""


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None
