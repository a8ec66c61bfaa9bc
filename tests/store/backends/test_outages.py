# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A renewal during which the server with the sessions goes away: killed for real, and started again."""

import secrets
import signal

import pytest

from tests.fakes.authorization_server import TOKEN
from tests.fakes.world import World
from tests.requirements import requirement
from valetkey.errors import StoreError
from valetkey.store.backends.postgres import PostgresStore
from valetkey.store.backends.redis import RedisStore


@pytest.fixture(params=["redis", "postgres"])
def server(request):
    return request.getfixturevalue(f"{request.param}_server")


class Renewal:
    """A session on the server that has expired; what kills the server is put into the way of its renewal."""

    def __init__(self, server):
        self.server = server
        name = secrets.token_hex(8)  # sessions and clients of other tests are on the server too
        self.own = {"label": name, "client_name": name}
        self.world = World()
        self.world.store.inner = (RedisStore if server.url.startswith("redis") else PostgresStore)(server.url)
        self.world.logged_in(**self.own)

    def run(self, when):
        """Renew in another engine, with a server that is killed at that moment and back at the first pause."""
        seams = self.world.seams(send=lambda request: self.send(request, when), pause=self.pause)
        return self.world.engine(seams=seams, **self.own).replace(None)

    def send(self, request, when):
        if request.url != TOKEN:
            return self.world.server(request)
        if when == "before the request":
            self.server.stop(signal.SIGKILL)
        response = self.world.server(request)
        if when == "before the answer":
            self.server.stop(signal.SIGKILL)
        return response

    def pause(self, seconds):
        self.world.clock.pause(seconds)
        if self.server.process is None:
            self.server.start()

    @property
    def spent(self):
        return sum(request.url == TOKEN for request in self.world.server.requests)


@pytest.fixture
def renewal(server):
    made = Renewal(server)
    yield made
    if server.process is None:
        server.start()
    made.world.store.close()


@pytest.mark.parametrize("when", ["before the request", "before the answer"])
@requirement("REF-8")
def test_an_answer_is_held_until_the_store_is_back_and_only_then_used(renewal, when):
    token = renewal.run(when)
    assert renewal.spent == 1
    assert renewal.world.kept(**renewal.own).token.access_token == token.access_token
    assert renewal.world.person.asked == []


def test_no_refresh_token_is_spent_while_the_store_is_away(renewal):
    before = renewal.world.kept(**renewal.own)
    with renewal.server.stopped(), pytest.raises(StoreError):
        renewal.run("never")
    assert renewal.spent == 0
    assert renewal.world.kept(**renewal.own) == before
    assert renewal.run("never").access_token != before.token.access_token


def test_the_next_one_finds_the_session_that_was_renewed_before_the_store_went_away(renewal):
    token = renewal.run("never")
    renewal.server.restart(signal.SIGKILL)
    assert renewal.run("never").access_token == token.access_token
    assert renewal.spent == 1
