# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The records in a store: keys and formats of session, client and pinned issuer (`pending_codec` has the pending logins).

A key is its kind and a digest of its parts, so no part can run into another. A record carries the number of its
format; one of a newer format is an error and is never overwritten.
"""

import hashlib
import json
from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import Any

from valetkey import urls
from valetkey._sessions import old_formats
from valetkey._sessions.members import Members, optional, secret, switch, text, texts
from valetkey._sessions.parts import read_client, read_intent, read_server, read_terms, read_token
from valetkey.errors import StoreError
from valetkey.settings.settings import Settings
from valetkey.store.another import ANOTHER_STORE, LOG_OUT, DamagedRecord
from valetkey.values import Client, Secret, Session

FORMAT = 2
_FIRST_FORMAT = 1
"""It is part of the keys, so that a newer program reads what an older one has written."""

_LONGEST = 16_777_216
"""Bytes of a record that are read. A session is made of answers that are shorter than 1 MiB each."""


class Kind(StrEnum):
    """The kinds of records."""

    SESSION = "session"
    CLIENT = "client"
    PIN = "pin"
    BRAKE = "brake"
    LOGIN = "login"  # one that a person has not answered yet
    WAITING = "waiting"  # which login of a session that is


def session_key(settings: Settings) -> str:
    """Give the key of a session, which needs no discovery: issuer, client and resource stand inside the record."""
    return _key(Kind.SESSION, *_session_parts(settings))


def brake_key(settings: Settings) -> str:
    """Give the key of a session's brake, which stands beside it: a login that fails leaves no session."""
    return _key(Kind.BRAKE, *_session_parts(settings))


def login_key(login_id: str) -> str:
    """Give the key of a pending login, which is found by its id alone."""
    return _key(Kind.LOGIN, login_id)


def waiting_key(settings: Settings) -> str:
    """Give the key of the note beside a session that says which pending login is its own."""
    return _key(Kind.WAITING, *_session_parts(settings))


def _session_parts(settings: Settings) -> tuple[str, ...]:
    server = urls.canonical_resource(settings.server_url)
    grant = "machine" if settings.is_machine else "person"
    return settings.principal, server, settings.client_id or "", grant, settings.label


def client_key(issuer: str, settings: Settings) -> str:
    """
    Give the key of a registered client: one for each issuer, way to log in, fixed redirect address and name.

    A client whose tokens are all bound to keys is another one (RFC 9449 §5.2), and one whose method the user has named.
    """
    named = settings.client_authentication if settings.client_id is None else None
    kinds = [kind for kind in ("dpop" if settings.dpop else None, named) if kind is not None]
    way = "device" if settings.chosen_grant == "device_code" else settings.answer_address or "loopback"
    return _key(Kind.CLIENT, issuer, way, settings.client_name, *kinds)


def pin_key(settings: Settings) -> str:
    """Give the key of the issuer that was first seen for a client registered by hand."""
    return _key(Kind.PIN, urls.canonical_resource(settings.server_url), settings.client_id or "")


def _key(kind: Kind, *parts: str) -> str:
    digest = hashlib.sha256(json.dumps([_FIRST_FORMAT, *parts]).encode()).hexdigest()
    return f"{kind}:{digest}"


def encode_session(session: Session, settings: Members | None = None) -> bytes:
    """Give the value of a session's record, with the settings that it is of (`written_settings`), for who lists it."""
    members = _members_of(session)
    for name in ("ended", "renewed", "login"):  # so the record of a living session is what it has always been
        if not members[name]:
            del members[name]
    return encode_members(Kind.SESSION, members if settings is None else {**members, "settings": settings})


def decode_session(value: bytes) -> Session:
    """
    Read what `encode_session` wrote.

    :raises StoreError: If it is damaged or of a newer format.
    """
    members = decode_members(Kind.SESSION, value)
    try:
        if members["format"] == _FIRST_FORMAT:
            members = old_formats.session_of_format_1(members)
        members = old_formats.with_later_members(members)
        intent, terms = members["refresh_intent"], members["terms"]
        return Session(
            token=read_token(members["token"]),
            client=read_client(members["client"]),
            server=read_server(members["server"]),
            resource=optional(text, members, "resource"),
            requested_scope=texts(members, "requested_scope"),
            refresh_intent=read_intent(intent) if intent is not None else None,
            interactive=switch(members, "interactive"),
            dpop_key=secret(members, "dpop_key"),
            terms=read_terms(terms) if terms is not None else None,
            ended=optional(text, members, "ended"),
            renewed=bool(members["renewed"]),
            login=optional(text, members, "login"),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise damaged_record(Kind.SESSION) from error


def encode_client(client: Client) -> bytes:
    """Give the value of a client's record."""
    return encode_members(Kind.CLIENT, _members_of(client))


def decode_client(value: bytes) -> Client:
    """
    Read what `encode_client` wrote.

    :raises StoreError: If it is damaged or of a newer format.
    """
    members = decode_members(Kind.CLIENT, value)
    try:
        return read_client(old_formats.client_of_format_1(members) if members["format"] == _FIRST_FORMAT else members)
    except (KeyError, TypeError, ValueError) as error:
        raise damaged_record(Kind.CLIENT) from error


def encode_pin(issuer: str) -> bytes:
    """Give the value of the record with the issuer of a client registered by hand, which has seen no secret of it."""
    return encode_members(Kind.PIN, {"issuer": issuer, "saw_secret": False})


def decode_pin(value: bytes) -> tuple[str, bool]:
    """
    Read what `encode_pin` wrote: the issuer, and whether it has seen the client's secret.

    A record that does not say so is of a time when the first issuer was shown the secret.

    :raises StoreError: If it is damaged or of a newer format.
    """
    try:
        members = decode_members(Kind.PIN, value)
        return text(members, "issuer"), bool(members.get("saw_secret", True))
    except (KeyError, TypeError) as error:
        raise damaged_record(Kind.PIN) from error


def encode_members(kind: Kind, members: Members) -> bytes:
    """Give the value of a record of a kind."""
    return json.dumps({"format": FORMAT, "kind": kind, **members}, default=_plain, ensure_ascii=False).encode(
        "utf-8",
        "replace",  # what no file can hold was never sent either, and must not cost the token
    )


def _members_of(value: Any) -> Members:
    members = {field.name: getattr(value, field.name) for field in fields(value)}
    return old_formats.without_empty_answers(members) if isinstance(value, Client) else members


def _plain(value: object) -> str | Members:
    if isinstance(value, Secret):
        return value.reveal()
    if is_dataclass(value):
        return _members_of(value)
    message = f"a {type(value).__name__} has no place in a record"
    raise TypeError(message)


def decode_members(kind: Kind, value: bytes) -> Members:
    """Read the members of a record; a `StoreError` if it is damaged or of a newer format."""
    members = readable_members(kind, value)
    if members is None:
        raise damaged_record(kind)
    return members


def readable_members(kind: Kind, value: bytes) -> Members | None:
    """Read the members of a record; None if it is damaged, and a `StoreError` if it is of a newer format."""
    try:
        document = json.loads(value) if len(value) <= _LONGEST else None
    except (ValueError, RecursionError):
        return None  # an error would have a cause that holds the whole record
    if not isinstance(document, dict) or document.get("kind") != kind:
        return None
    number = document.get("format")
    if isinstance(number, bool) or not isinstance(number, int) or number < _FIRST_FORMAT:
        return None
    if number > FORMAT:
        message = f"The session store was written by a newer version of Valetkey (format {str(number)[:20]})."
        raise StoreError(message, hint=f"Update Valetkey here, or {ANOTHER_STORE}.")
    return document


def damaged_record(kind: Kind) -> DamagedRecord:
    """Make the error for a record that no program can read any more."""
    message = f"A {kind} record in the session store is damaged."
    hint = f"If it is a file, move it away and log in again; else {ANOTHER_STORE}."
    return DamagedRecord(message, hint=LOG_OUT if kind is Kind.SESSION else hint)
