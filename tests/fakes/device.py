# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A person who logs in on another device."""

import pytest

from tests.fakes.authorization_server import TOKEN
from tests.fakes.seams import BEGINNING
from tests.fakes.world import World


class Device:
    """A world whose server lets a person log in on another device, and when it was asked."""

    def __init__(self, *answers, **switches):
        self.world = World(offers_device_login=True, answers_polls_with=list(answers), **switches)
        self.server = self.world.server
        self.polls = []
        self.while_waiting = []  # what happens at each pause

    def engine(self, **settings):
        seams = self.world.seams(send=self.send, pause=self.pause)
        return self.world.engine(seams=seams, grant="device_code", **settings)

    def send(self, request):
        if request.url == TOKEN:
            self.polls.append(self.world.clock.time - BEGINNING)
        return self.world.send(request)

    def pause(self, seconds):
        assert seconds > 0
        if self.while_waiting:
            self.while_waiting.pop(0)()
        self.world.clock.pause(seconds)

    def log_in(self, **settings):
        return self.engine(**settings).replace(None)

    def fails(self, error, match=None, **settings):
        with pytest.raises(error, match=match) as caught:
            self.log_in(**settings)
        assert type(caught.value) is error
        return caught.value

    def asked(self):
        """What was asked of the authorization server, without its metadata."""
        return [line for line in self.server.log() if not line.startswith("GET")]
