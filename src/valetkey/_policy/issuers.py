# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which authorization servers are tried, and in which order (RFC 9728 §7.6)."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from valetkey import urls
from valetkey.values import ResourceMetadata


def choose_issuers(metadata: ResourceMetadata, pinned: str | None, preferred: Sequence[str] = ()) -> tuple[str, ...]:
    """
    Choose the authorization servers to try, in order (RFC 9728 §7.6 leaves the choice to the client).

    :param pinned: The issuer the user trusts: it is the only one, whatever the MCP server names.
    :param preferred: Issuers where a client is registered or a person has logged in: they come first.
    """
    if pinned is not None:
        return (pinned,)
    named = filter(is_whole_url, metadata.authorization_servers)
    return tuple(sorted(named, key=lambda issuer: issuer not in preferred))


def is_whole_url(text: str) -> bool:
    """
    Tell a URL from a text that is none, such as the `undefined` or the empty one of a setting that is not there.

    Such a text is no candidate. A URL that must not be used is not left out: it ends the login.
    """
    return urls.resolve(text, "") == text and bool(urlsplit(text).scheme)
