# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The settings of a login in its record, so that a process that has none of its own can complete it; and of a session.

What has no text is left out: a key, a function, the ways out of a network. A process that completes such a login has to
have them itself. The client's secret stands in the record's client.
"""

from dataclasses import replace
from typing import Any, cast

from valetkey._sessions.members import Members, optional, switch, text, texts, time
from valetkey.settings.options import GrantName
from valetkey.settings.settings import Settings
from valetkey.values import Client, Session

_TEXTS = (
    *("url", "client_id", "client_name", "client_metadata_url", "issuer", "authorization_endpoint", "token_endpoint"),
    *("registration_endpoint", "resource", "bearer", "redirect_uri", "public_url", "profile", "principal", "label"),
    "client_authentication",
)
_SWITCHES = ("send_resource", "offline_access", "assume_pkce", "dpop", "strict")
WRITTEN = frozenset({*_TEXTS, *_SWITCHES, "login_timeout", "scope", "authorization_parameters"})
"""The options that are written."""

_ALWAYS = frozenset({"url", "principal", "label"})
_USUAL_GRANT = "authorization_code"
_NEED_SOURCE = frozenset({"workload_identity", "enterprise_managed"})
"""Grants that need what no record holds."""

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


def write_given_settings(settings: Settings) -> Members:
    """Give the options that a session was obtained with: those that can be written, where they are not the default."""
    usual, given = write_settings(Settings(url=settings.server_url)), write_settings(settings)
    changed = {name: value for name, value in given.items() if name in _ALWAYS or value != usual[name]}
    return changed | ({"grant": settings.chosen_grant} if settings.chosen_grant != _USUAL_GRANT else {})


def read_given_settings(members: Members, session: Session) -> Settings:
    """Make the settings of a session again, with the secret of its client; a `ValueError` if its key is needed too."""
    grant = text(members, "grant") if "grant" in members else _USUAL_GRANT
    if grant in _NEED_SOURCE:
        raise ValueError(grant)
    usual = write_settings(Settings(url=text(members, "url")))
    settings = read_settings({**usual, **{name: members[name] for name in usual if name in members}}, session.client)
    unnamed = replace(settings, grant="auto")
    return unnamed if unnamed.chosen_grant == grant else replace(settings, grant=cast("GrantName", grant))


def read_pairs(members: Members, name: str) -> tuple[tuple[str, str], ...]:
    """Read a list of pairs of texts."""
    pairs: list[tuple[str, ...]] = [texts({name: item}, name) or () for item in members[name]]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError(name)
    return tuple((pair[0], pair[1]) for pair in pairs)
