# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""An attempt to obtain a token with a grant, and what it led to."""

import threading

import pytest

from valetkey._clients.selection import ClientSelection
from valetkey._discovery.discovery import discover
from valetkey._grants.grant import GrantContext
from valetkey._grants.opening import open_grant
from valetkey._grants.token_endpoint import TokenEndpoint
from valetkey._sessions.pending_logins import PendingLogins


class GrantAttempt:
    """One attempt to obtain a token without a refresh token; what it led to is in the fields."""

    def __init__(self, world, *, scope=None, seams=None, **settings):
        self.world = world
        self.scope = scope
        self.settings = world.settings(**settings)
        self.seams = seams or world.seams()
        self.saved = []
        self.announced = []
        self.told_before = list(world.person.told)

    def run(self):
        target = discover(self.settings, None, self.seams.send)
        self.world.server.requests.clear()
        return self.obtain(target)

    def obtain(self, target):
        clients = ClientSelection(self.settings, self.world.store, self.seams)
        context = GrantContext(self.save, self.announced.append, threading.Event())
        tokens = TokenEndpoint(self.settings, self.seams)
        pending = PendingLogins(self.world.store, self.seams.now)
        grant = open_grant(self.settings, self.seams, clients, tokens, pending)
        session = grant.obtain(target, self.scope, context)
        assert session is self.saved[0]
        return session

    def save(self, session):
        assert self.world.person.told[len(self.told_before) :] == [], "told before it was saved"
        self.saved.append(session)
        return session

    def fails(self, error, match=None):
        with pytest.raises(error, match=match) as caught:
            self.run()
        assert self.saved == []
        return caught.value
