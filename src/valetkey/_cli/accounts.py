# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which stored session a command is about: found by its URL and account, whatever client or grant it was made with."""

from collections.abc import Iterable
from dataclasses import replace

from valetkey import urls
from valetkey._cli.outcome import CommandFailed, ExitCode
from valetkey._cli.views import account_of, shown_url
from valetkey._sessions.codec import session_key
from valetkey._sessions.listing import StoredSession, found_by_url, list_sessions
from valetkey.errors import ConfigurationError, LoginRequired
from valetkey.settings.settings import Settings
from valetkey.store.protocol import Store

PERSON = Settings.principal
ACCOUNT = Settings.label


def all_accounts(store: Store) -> list[StoredSession]:
    """Give all sessions of a store; one of an older version has settings too, if its resource is its server's URL."""
    return _sorted(_with_settings(each, _resource_of(each), None, None) for each in list_sessions(store))


def accounts_at(store: Store, url: str, *, principal: str | None, label: str | None) -> list[StoredSession]:
    """Give the sessions at a URL, of one principal or account if they are named."""
    wanted = Settings(url=url)  # refuses what is no URL
    found = []
    for stored in list_sessions(store):
        known = _with_settings(stored, wanted.server_url, principal, label)
        if _is_at(known, wanted.server_url, principal, label):
            found.append(_with_name(known, wanted.server_url, principal, label))
    return _sorted(found)


def one_account(
    store: Store,
    url: str,
    *,
    principal: str | None,
    label: str | None,
    client_id: str | None = None,
    is_to_end: bool = False,
) -> StoredSession:
    """
    Give the one session that is meant; where none is and it was to be ended, no login is suggested.

    :raises LoginRequired: If there is none.
    :raises CommandFailed: If there are several.
    :raises StoreError: If its record cannot be read.
    """
    found = accounts_at(store, url, principal=principal, label=label)
    if client_id is not None:
        found = [each for each in found if each.session is not None and each.session.client.client_id == client_id]
    if not found:
        raise _none(store, url, principal, label, is_to_end=is_to_end)
    if len(found) > 1:
        raise _several(url, found)
    if found[0].problem is not None:
        raise found[0].problem
    return found[0]


def settings_at(
    store: Store, url: str, *, principal: str | None, label: str | None, client_id: str | None
) -> tuple[Settings, bool]:
    """Give the settings of the session at a URL, and True; or those of a new one there, and False."""
    new = Settings(url=url, principal=principal or PERSON, label=label or ACCOUNT, client_id=client_id)
    found = accounts_at(store, url, principal=principal, label=label)
    if not found or (client_id is not None and all(each.problem is None for each in found)):
        known = [each for each in found if each.session is not None and each.session.client.client_id == client_id]
        if not known:
            return new, False
    return settings_of(one_account(store, url, principal=principal, label=label, client_id=client_id)), True


def settings_of(stored: StoredSession) -> Settings:
    """Give the settings to renew or end a session with."""
    if stored.settings is None:
        url = shown_url(stored.said("url") or _resource_of(stored) or "")
        message = f"The session at {url} was made with what no record holds: a key, or the token of a platform."
        raise ConfigurationError(message, hint="Use the program that has made it.")
    return stored.settings


def _sorted(found: Iterable[StoredSession]) -> list[StoredSession]:
    return sorted(found, key=lambda each: [each.said(name) or "" for name in ("url", "principal", "label")])


def _resource_of(stored: StoredSession) -> str | None:
    return None if stored.session is None else stored.session.resource


def _with_settings(stored: StoredSession, url: str | None, principal: str | None, label: str | None) -> StoredSession:
    """A record of an older version is recognised by its key."""
    if stored.named is not None or stored.session is None or not url:
        return stored
    try:
        settings = found_by_url(
            stored,
            url,
            principals=dict.fromkeys((PERSON, principal or PERSON)),
            labels=dict.fromkeys((ACCOUNT, label or ACCOUNT)),
        )
    except ConfigurationError:  # a resource that is no URL of a server
        return stored
    if settings is None:
        return stored
    named = {"url": settings.server_url, "principal": settings.principal, "label": settings.label}
    return replace(stored, settings=settings, named=named)


def _with_name(stored: StoredSession, url: str, principal: str | None, label: str | None) -> StoredSession:
    """A record that cannot be read is named as it was asked for: its key has shown whose it is."""
    if stored.problem is None or stored.named is not None:
        return stored
    return replace(stored, named={"url": url, "principal": principal or PERSON, "label": label or ACCOUNT})


def _is_at(stored: StoredSession, url: str, principal: str | None, label: str | None) -> bool:
    if stored.problem is not None:  # whose it is stands in what cannot be read; the key of the usual one is known
        usual = Settings(url=url, principal=principal or PERSON, label=label or ACCOUNT)
        return stored.key == session_key(usual)
    said = stored.said("url")
    if said is None or urls.canonical_resource(said) != urls.canonical_resource(url):
        return False
    return principal in (None, stored.said("principal")) and label in (None, stored.said("label"))


def _none(store: Store, url: str, principal: str | None, label: str | None, *, is_to_end: bool) -> LoginRequired:
    at = shown_url(url)
    others = accounts_at(store, url, principal=None, label=None) if principal is not None or label is not None else []
    if others:
        names = ", ".join(dict.fromkeys(account_of(each) for each in others))
        who = label or principal or ""
        return LoginRequired(f"There is no session of {who} at {at}.", hint=f"Choose one of: {names}.")
    near = next((each for each in all_accounts(store) if _is_near(each, url)), None)
    hint = f"Log in: valetkey login {at}"
    if is_to_end:
        hint = "See your sessions: valetkey status"
    elif near is not None:
        hint = f"There is one at {shown_url(near.said('url') or '')}; or log in: valetkey login {at}"
    return LoginRequired(f"There is no session at {at}.", hint=hint)


def _is_near(stored: StoredSession, url: str) -> bool:
    said = stored.said("url")
    return said is not None and urls.same_origin(said, url)


def _several(url: str, found: list[StoredSession]) -> CommandFailed:
    names = dict.fromkeys(account_of(each) for each in found)
    message = f"There are {len(found)} sessions at {shown_url(url)}: {', '.join(names)}."
    if len(names) == len(found):
        return CommandFailed(message, hint="Choose one with --label, and --principal if needed.", code=ExitCode.USAGE)
    clients = ", ".join(dict.fromkeys(each.session.client.client_id for each in found if each.session is not None))
    return CommandFailed(message, hint=f"Choose one with --client-id: {clients}.", code=ExitCode.USAGE)
