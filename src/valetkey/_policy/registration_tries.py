# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a refused registration is changed to, as a table: each row whose condition holds changes one thing."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from valetkey.errors import ClientRefused
from valetkey.protocol.registration import ClientMetadata

MOST_TRIES = 5
"""Requests to register one client, the first included. No person waits for them at a page."""


@dataclass(frozen=True, slots=True)
class Correction:
    """One row of the table: what the refusal names, and the change; a change that is None ends the registration."""

    named: str
    pattern: re.Pattern[str]
    change: Callable[[ClientMetadata], ClientMetadata | None]


def _leave_out(member: str) -> Callable[[ClientMetadata], ClientMetadata | None]:
    def change(metadata: ClientMetadata) -> ClientMetadata | None:
        has_it = member in metadata.document()
        return replace(metadata, left_out=metadata.left_out | {member}) if has_it else None

    return change


def _next_method(metadata: ClientMetadata) -> ClientMetadata | None:
    return replace(metadata, tried_methods=metadata.tried_methods + 1) if metadata.other_methods else None


def _without_refreshes(metadata: ClientMetadata) -> ClientMetadata | None:
    return replace(metadata, refreshes=False) if metadata.refreshes else None


def _from_the_beginning(metadata: ClientMetadata) -> ClientMetadata | None:
    """The last thing to try where no refusal says anything: all methods again, without the refresh grant."""
    return replace(metadata, refreshes=False, tried_methods=0) if metadata.refreshes else None


def _with_placeholder(metadata: ClientMetadata) -> ClientMetadata | None:
    # An address that is used is changed by the login, which listens there.
    if metadata.redirect_uri is not None or metadata.has_placeholder:
        return None
    return replace(metadata, has_placeholder=True)


def _with_contacts(metadata: ClientMetadata) -> ClientMetadata | None:
    return None if metadata.has_contacts else replace(metadata, has_contacts=True)


def _named(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


_REDIRECT_ADDRESS = _named(r"redirect[ _]?ur[il]")

CORRECTIONS = (
    Correction(
        "how the client authenticates",
        _named(r"auth[a-z]*[ _]method|client[ _]authentication|client_secret|(?:public|confidential)[ _]client"),
        _next_method,
    ),
    # django-oauth-toolkit gives each client one grant, and no refresh.
    Correction("the grants", _named(r"grant[ _]?type|refresh[ _]token|\bgrants?\b"), _without_refreshes),
    Correction("the redirect address", _REDIRECT_ADDRESS, _with_placeholder),
    Correction("`response_types`", _named(r"response[ _]?type"), _leave_out("response_types")),
    Correction("`scope`", _named(r"\bscopes?\b"), _leave_out("scope")),
    Correction("`application_type`", _named(r"application[ _]?type"), _leave_out("application_type")),
    Correction("`contacts`", _named(r"\bcontacts?\b"), _with_contacts),
    Correction("`dpop_bound_access_tokens`", _named(r"dpop"), _leave_out("dpop_bound_access_tokens")),
)
"""All rows whose pattern is found in the refusal count."""

_SAYS_NOTHING = frozenset({None, "invalid_request", "invalid_client_metadata"})
"""RFC 7591 §3.2.2: codes that may be about any member."""


def names_redirect_address(refusal: ClientRefused) -> bool:
    """Tell whether a refusal is about the address of the login, in its code or, as from FastAPI, in words alone."""
    return _REDIRECT_ADDRESS.search(f"{refusal.error or ''} {refusal.description or ''}") is not None


def corrected(metadata: ClientMetadata, refusal: ClientRefused, *, is_guess: bool = False) -> ClientMetadata | None:
    """
    Change what is asked for as a refusal says (RFC 7591 §3.2.2); None if it is final.

    `is_guess` is True for an endpoint that no document names: an answer that says nothing is no reason to ask it again.
    """
    is_answered = refusal.status in (200, 201)
    if is_answered and refusal.error is None:  # registered in a way that cannot be used: we refuse the method alone
        return _next_method(metadata) or (_from_the_beginning(metadata) if metadata.was_refused_for_nothing else None)
    said = f"{refusal.error or ''} {refusal.description or ''}"
    rows = [row for row in CORRECTIONS if row.pattern.search(said)]
    if not rows:
        may_be_any = refusal.error in _SAYS_NOTHING and (is_answered or refusal.status in (400, 422)) and not is_guess
        if refusal.error != "invalid_client_metadata" and not may_be_any:
            return None
        unexplained = replace(metadata, was_refused_for_nothing=True)
        return _next_method(unexplained) or _from_the_beginning(unexplained)
    changed = metadata
    for row in rows:
        changed = row.change(changed) or changed
    return changed if changed != metadata else None
