# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which authorization servers are tried, and in which order (RFC 9728 §7.6)."""

from collections.abc import Sequence

from valetkey import urls
from valetkey.errors import IssuerMismatch
from valetkey.values import ResourceMetadata


def choose_issuers(metadata: ResourceMetadata, pinned: str | None, preferred: Sequence[str] = ()) -> tuple[str, ...]:
    """
    Choose the authorization servers to try, in order (RFC 9728 §7.6 leaves the choice to the client).

    :param pinned: The issuer the user trusts. It replaces the published string, so it may correct its spelling, but
        not name another host.
    :param preferred: Issuers where a client is registered or a person has logged in: they come first.
    :raises IssuerMismatch: If the server's login has moved to another host than the pinned issuer's.
    """
    if pinned is None:
        return tuple(sorted(metadata.authorization_servers, key=lambda issuer: issuer not in preferred))
    published = metadata.authorization_servers
    if published and not any(urls.same_origin(pinned, issuer) for issuer in published):
        message = f"The MCP server wants a login at {', '.join(published)}, but only {pinned} is trusted."
        hint = "If the server has moved its login, change issuer=; else tell its operator."
        raise IssuerMismatch(message, hint=hint, expected=pinned, received=published[0])
    return (pinned,)
