# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The record of a login that waits for its answer: all that the process needs to which the answer comes.

Its id follows from the state by a digest: an answer leads to its record, and a link that shows the id to no state.
"""

import base64
import hashlib
from dataclasses import dataclass, field, fields
from typing import Any

from valetkey._sessions.codec import Kind, damaged_record, decode_members, encode_members
from valetkey._sessions.members import Members, optional, secret, switch, text, texts, time
from valetkey._sessions.parts import read_client, read_server
from valetkey._sessions.written_settings import read_pairs, read_settings, write_settings
from valetkey.login.pending import PendingLogin
from valetkey.protocol.authorization import AuthorizationRequest, authorization_url
from valetkey.settings.settings import Settings
from valetkey.values import Scope, Secret

_BYTES = 24
"""Of an id: 192 bits."""

CLAIM_SECONDS = 60.0
"""How long a process that redeems an answer has for it. A login whose process died then is over."""


def login_id_of(state: str) -> str:
    """Give the id of the login with a state; no state can be told from it."""
    digest = hashlib.sha256(b"valetkey pending login\0" + state.encode("utf-8", "surrogatepass")).digest()
    return base64.urlsafe_b64encode(digest[:_BYTES]).decode("ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRecord:
    """One login that waits for its answer: what was asked, for whom, and what its session will be made of."""

    request: AuthorizationRequest
    settings: Settings = field(repr=False)
    needs: tuple[str, ...]  # options that have no text, and that a completion cannot do without
    mark: str  # of all the settings: a program with other ones joins no login that it would not have begun
    ends_at: float
    reason: str
    resource: str  # of the target, also where the parameter is not sent
    scopes: Scope | None  # that the resource publishes
    requested_scope: Scope | None
    audience: str | None
    dpop_key: Secret | None
    more_scope: Scope | None  # what the session misses, for a step-up
    is_new_client: bool
    is_last: bool  # True if it is the one that follows a server's word about what it does not accept
    claimed_at: float | None = None  # since when a process redeems its answer

    def is_over(self, now: float) -> bool:
        """Tell whether the time of the login is over, or the time of the process that has claimed it."""
        is_stuck = self.claimed_at is not None and now >= self.claimed_at + CLAIM_SECONDS
        return now >= self.ends_at or is_stuck

    @property
    def id(self) -> str:
        """What finds it."""
        return login_id_of(self.request.state.reveal())

    @property
    def view(self) -> PendingLogin:
        """What a program may know of it."""
        settings, url, login_id = self.settings, authorization_url(self.request), self.id
        return PendingLogin(
            id=login_id,
            server_url=settings.server_url,
            issuer=self.request.server.issuer,
            principal=settings.principal,
            label=settings.label,
            link=settings.start_link(login_id) or url,
            authorization_url=url,
            redirect_uri=self.request.redirect_uri,
            ends_at=self.ends_at,
        )


def encode_pending(record: PendingRecord) -> bytes:
    """Give the value of a pending login's record."""
    members: dict[str, Any] = {each.name: getattr(record, each.name) for each in fields(record)}
    return encode_members(Kind.LOGIN, {**members, "settings": write_settings(record.settings)})


def decode_pending(value: bytes) -> PendingRecord:
    """Read what `encode_pending` wrote; a `StoreError` if it is damaged or of a newer format."""
    try:
        members = decode_members(Kind.LOGIN, value)
        request = _request(members["request"])
        return PendingRecord(
            request=request,
            settings=read_settings(members["settings"], request.client),
            needs=texts(members, "needs") or (),
            mark=text(members, "mark"),
            ends_at=time(members, "ends_at"),
            reason=text(members, "reason"),
            resource=text(members, "resource"),
            scopes=texts(members, "scopes"),
            requested_scope=texts(members, "requested_scope"),
            audience=optional(text, members, "audience"),
            dpop_key=secret(members, "dpop_key"),
            more_scope=texts(members, "more_scope"),
            is_new_client=switch(members, "is_new_client"),
            is_last=switch(members, "is_last"),
            claimed_at=optional(time, members, "claimed_at"),
        )
    except (KeyError, TypeError, ValueError) as error:  # a `ConfigurationError` is a `ValueError`
        raise damaged_record(Kind.LOGIN) from error


def _request(members: Members) -> AuthorizationRequest:
    return AuthorizationRequest(
        server=read_server(members["server"]),
        client=read_client(members["client"]),
        redirect_uri=text(members, "redirect_uri"),
        resource=optional(text, members, "resource"),
        scope=texts(members, "scope"),
        state=Secret(text(members, "state")),
        verifier=Secret(text(members, "verifier")),
        parameters=read_pairs(members, "parameters"),
    )
