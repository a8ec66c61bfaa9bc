# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""All kinds of findings, by their code."""

from collections.abc import Mapping
from types import MappingProxyType

from valetkey._cli.doctor import kinds_of_clients as clients
from valetkey._cli.doctor import kinds_of_logins as logins
from valetkey._cli.doctor import kinds_of_rejections as rejections
from valetkey._cli.doctor import kinds_of_servers as servers
from valetkey._cli.doctor import kinds_of_sessions as sessions
from valetkey._cli.doctor.findings import Finding, Kind, Mark
from valetkey._cli.doctor.kinds_of_resources import OF_THE_RESOURCE
from valetkey._cli.wording import for_commands

BY_STEP: Mapping[str, tuple[Kind, ...]] = MappingProxyType(
    {
        "place": servers.OF_THE_PLACE,
        "mcp": servers.OF_MCP,
        "rejection": rejections.OF_THE_REJECTION,
        "challenge": rejections.OF_THE_CHALLENGE,
        "resource": OF_THE_RESOURCE,
        "server": logins.OF_THE_SERVER,
        "endpoints": logins.OF_THE_ENDPOINTS,
        "pkce": logins.OF_PKCE,
        "client": clients.OF_THE_CLIENT,
        "grants": clients.OF_THE_GRANTS,
        "scope": clients.OF_THE_SCOPE,
        "authentication": clients.OF_AUTHENTICATION,
        "end": clients.OF_THE_END,
        "here": sessions.OF_THIS_COMPUTER,
        "login": sessions.OF_A_LOGIN,
    }
)
"""The kinds, by the part of the way that they are about."""

KINDS: Mapping[str, Kind] = MappingProxyType({kind.code: kind for kinds in BY_STEP.values() for kind in kinds})


def found(code: str, text: str, said: str = "", client: str = "", mark: Mark | None = None) -> Finding:
    """Make a finding of a kind."""
    return Finding(KINDS[code], text, said, for_commands(client), mark)
