# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
All sessions of a store, for a person who asks what is there. Nothing is written.

A record of an older version, or of another program's session, does not say whose it is. Its key does, to a reader who
has the server's URL: it is a digest of that and of what may stand in the record.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from valetkey._sessions.codec import Kind, decode_members, decode_session, session_key
from valetkey._sessions.written_settings import read_given_settings
from valetkey.errors import StoreError
from valetkey.settings.settings import Settings
from valetkey.store.another import DamagedRecord
from valetkey.store.encryption.encrypted import list_keys
from valetkey.store.protocol import Store
from valetkey.values import Session

_LEASE = ":lease"  # a record of `valetkey.store.leases.cas_lease`


@dataclass(frozen=True, slots=True)
class StoredSession:
    """
    One session of a store.

    `settings` are those that it was obtained with; None where its record does not say them. `problem` is why the record
    cannot be read; then there is no session.
    """

    key: str
    session: Session | None = None
    settings: Settings | None = None
    problem: StoreError | None = None
    named: dict[str, str] | None = None  # whose it is, also where the settings cannot be made again

    def said(self, name: str) -> str | None:
        """Give what the record says of the server's URL, the principal or the label."""
        return None if self.named is None else self.named.get(name)


def list_sessions(store: Store) -> list[StoredSession]:
    """Read all sessions of a store; one that is damaged or of a newer version is listed with its problem."""
    return list(_sessions(store))


def read_session(store: Store, key: str) -> StoredSession:
    """Read one session by its key; one that is not there has neither session nor problem."""
    return next(_found(store, key), StoredSession(key))


def count_records(store: Store, kind: Kind) -> int:
    """Count the records of a kind."""
    return sum(1 for _ in _keys(store, kind))


def _sessions(store: Store) -> Iterator[StoredSession]:
    for key in _keys(store, Kind.SESSION):
        yield from _found(store, key)


def _found(store: Store, key: str) -> Iterator[StoredSession]:
    try:
        record = store.get(key)
    except DamagedRecord as error:
        yield StoredSession(key, problem=error)
        return
    if record is None:  # deleted since the keys were listed
        return
    try:
        yield _read(key, record.value)
    except StoreError as error:
        yield StoredSession(key, problem=error)


def _keys(store: Store, kind: Kind) -> Iterable[str]:
    return sorted(key for key in list_keys(store) if key.startswith(f"{kind}:") and not key.endswith(_LEASE))


def _read(key: str, value: bytes) -> StoredSession:
    session = decode_session(value)
    members = decode_members(Kind.SESSION, value).get("settings")
    if not isinstance(members, dict):
        return StoredSession(key, session)
    named = {name: str(members[name]) for name in ("url", "principal", "label") if isinstance(members.get(name), str)}
    try:
        settings = read_given_settings(members, session)
    except (KeyError, TypeError, ValueError):  # a `ConfigurationError` is a `ValueError`
        return StoredSession(key, session, named=named)
    is_its_own = session_key(settings) == key  # and not of a record that was copied to this key
    return StoredSession(key, session, settings if is_its_own else None, named=named if is_its_own else None)


def found_by_url(
    stored: StoredSession, url: str, *, principals: Iterable[str], labels: Iterable[str]
) -> Settings | None:
    """Give the settings of a session whose record does not say them, if its key is one of these; else None."""
    session = stored.session
    if session is None or stored.named is not None:
        return None
    for principal in principals:
        for label in labels:
            for settings in _candidates(session, url, principal, label):
                if session_key(settings) == stored.key:
                    return settings
    return None


def _candidates(session: Session, url: str, principal: str, label: str) -> Iterator[Settings]:
    client = session.client
    yield Settings(url=url, principal=principal, label=label)
    if client.client_id:
        named = Settings(
            url=url, principal=principal, label=label, client_id=client.client_id, grant="authorization_code"
        )
        yield named
        if client.secret is not None:
            yield Settings(
                url=url,
                principal=principal,
                label=label,
                client_id=client.client_id,
                client_secret=client.secret,
                issuer=client.issuer,
            )
