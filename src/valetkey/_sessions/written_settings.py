# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The settings of a login in its record, so that a process that has none of its own can complete it.

What has no text is left out: a key, a function, the ways out of a network. A process that completes such a login has to
have them itself. The client's secret stands in the record's client.
"""

from typing import Any

from valetkey._sessions.members import Members, optional, switch, text, texts, time
from valetkey.settings.settings import Settings
from valetkey.values import Client

_TEXTS = (
    *("url", "client_id", "client_name", "client_metadata_url", "issuer", "authorization_endpoint", "token_endpoint"),
    *("registration_endpoint", "resource", "bearer", "redirect_uri", "public_url", "profile", "principal", "label"),
    "client_authentication",
)
_SWITCHES = ("send_resource", "offline_access", "assume_pkce", "dpop", "strict")
WRITTEN = frozenset({*_TEXTS, *_SWITCHES, "login_timeout", "scope", "authorization_parameters"})
"""The options that are written."""

NEEDED = ("private_key", "client_assertion", "network")


def write_settings(settings: Settings) -> Members:
    """Give the options that can be written."""
    written: Members = {name: getattr(settings, name) for name in (*_TEXTS, *_SWITCHES)}
    written["login_timeout"] = settings.login_timeout
    written["scope"] = settings.scope
    written["authorization_parameters"] = settings.authorization_parameters
    return written


def needed_besides(settings: Settings) -> tuple[str, ...]:
    """Name the options that are set, have no text, and that a token request cannot do without."""
    return tuple(name for name in NEEDED if getattr(settings, name) is not None)


def read_settings(members: Members, client: Client) -> Settings:
    """Make the settings of a login again, with the secret of the client that it was begun with."""
    given: dict[str, Any] = {name: optional(text, members, name) for name in _TEXTS}
    given |= {name: optional(switch, members, name) for name in _SWITCHES}
    given["url"] = text(members, "url")  # settings may be without one, a login may not
    named = given["client_id"] is not None and client.client_id == given["client_id"]
    return Settings(
        **given,
        login_timeout=time(members, "login_timeout"),
        scope=texts(members, "scope"),
        authorization_parameters=read_pairs(members, "authorization_parameters"),
        client_secret=client.secret if named else None,
        grant="authorization_code",
    )


def read_pairs(members: Members, name: str) -> tuple[tuple[str, str], ...]:
    """Read a list of pairs of texts."""
    pairs: list[tuple[str, ...]] = [texts({name: item}, name) or () for item in members[name]]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError(name)
    return tuple((pair[0], pair[1]) for pair in pairs)
