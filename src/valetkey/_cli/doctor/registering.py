# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Registering a client really, because the user has asked for it: the next login uses it."""

from typing import Any

from valetkey._clients.advice import proposed_address
from valetkey._clients.selection import ClientSelection
from valetkey._discovery.target import AuthorizationTarget
from valetkey._policy.registration_tries import names_redirect_address
from valetkey._policy.scope import choose_scope
from valetkey.errors import AuthError, ClientRefused
from valetkey.protocol.challenge import Challenge
from valetkey.seams import Seams
from valetkey.settings.settings import Settings
from valetkey.store.protocol import Store


def register(
    settings: Settings, target: AuthorizationTarget, challenge: Challenge | None, store: Store, seams: Seams
) -> dict[str, Any]:
    """Give the client that a login would have, as a fact: `registered`, or `registration_error`."""
    clients = ClientSelection(settings, store, seams)
    scope = choose_scope(
        pinned=settings.scope,
        challenged=challenge.scope if challenge is not None else None,
        published=target.scopes,
        server=target.server,
        offline_access=settings.offline_access is not False and not settings.is_machine,
    )
    address = clients.redirect_uri(target)[0] or proposed_address(target, settings)
    try:
        try:
            return {"registered": clients.for_login(target, address, scope).client}
        except ClientRefused as refusal:
            if not names_redirect_address(refusal):
                raise
            localhost = proposed_address(target, settings).replace("127.0.0.1", "localhost")
            return {"registered": clients.for_login(target, localhost, scope).client}
    except AuthError as error:
        return {"registration_error": error}
