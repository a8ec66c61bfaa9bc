# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Many sessions of one process that need a new token at the same time: none fails, and the threads are few."""

import threading
import time

import anyio
import pytest

from benchmarks.rotation import RotatingServer
from tests.fakes.threads import LONGEST_WAIT
from tests.fakes.world import World
from valetkey._engine.factory import build_engine
from valetkey._engine.workers import MOST_THREADS as MOST_WORKERS
from valetkey._engine.workers import WORKERS
from valetkey._sessions.codec import encode_session, session_key
from valetkey.errors import LoginFailed
from valetkey.settings.settings import Settings
from valetkey.store.backends.memory import MemoryStore
from valetkey.store.backends.sqlite import SqliteStore
from valetkey.values import Client, ClientOrigin, Secret, ServerMetadata, Session, Token

MANY = 100
MOST_THREADS = 32


class Service:
    """A process with a session for each of many users, whose access tokens have ended."""

    def __init__(self, server, store, users):
        self.store = store
        self.most_threads = 0
        self._before = set(threading.enumerate())
        self._server = server
        server.holds["rotation"] = self._count
        self.engines = {name: self._engine(name) for name in users}

    def key(self, name):
        return session_key(self._settings(name))

    def _settings(self, name):
        return Settings(url=f"{self._server.origin}/mcp", principal=name)

    def _engine(self, name):
        now, origin = time.time(), self._server.origin
        session = Session(
            token=Token(Secret(f"{name}.expired"), now - 3600, now - 1, Secret(self._server.begin(name))),
            client=Client("many", origin, redirect_uri="http://127.0.0.1/", origin=ClientOrigin.REGISTERED),
            server=ServerMetadata(origin, token_endpoint=f"{origin}/token"),
            resource=f"{origin}/mcp",
        )
        self.store.put(self.key(name), encode_session(session))
        return build_engine(self._settings(name), store=self.store, login="never")

    def _count(self):
        new = set(threading.enumerate()) - self._before
        others = sum(thread.name.startswith("valetkey-") for thread in new)
        self.most_threads = max(self.most_threads, WORKERS.threads + others)

    async def renew(self, name, found):
        found[name] = await self.engines[name].replace_async(None, seconds=LONGEST_WAIT)

    async def renew_all(self):
        found = {}
        async with anyio.create_task_group() as tasks:
            for name in self.engines:
                tasks.start_soon(self.renew, name, found)
        return found


def renewed_once(server, found):
    return all(
        token.access_token.reveal() in server.families[name].access_tokens
        and len(server.families[name].arrivals) == 1
        and server.families[name].reuses == 0
        for name, token in found.items()
    )


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_many_sessions_are_renewed_at_once_with_one_token_request_each_on_few_threads(tmp_path, kind, backend):
    """Row J4."""
    store = MemoryStore() if kind == "memory" else SqliteStore(tmp_path / "folder" / "credentials.db")
    with RotatingServer(0.0, latency=(0.01, 0.02)) as server:
        service = Service(server, store, [f"user-{number}" for number in range(MANY)])
        found = anyio.run(service.renew_all, backend=backend)
        assert len(found) == MANY
        assert renewed_once(server, found)
        assert 2 <= service.most_threads <= MOST_THREADS


def test_leases_that_another_process_holds_do_not_keep_the_other_sessions_from_being_renewed():
    """A process that is frozen may hold more leases than there are threads. Row J4."""
    held, free = [f"held-{number}" for number in range(MANY)], ["free-1", "free-2"]
    with RotatingServer(0.0, latency=(0.0, 0.0)) as server:
        service = Service(server, MemoryStore(), [*held, *free])
        leases = [service.store.lease(service.key(name), seconds=20) for name in held]

        async def main():
            found = {}
            async with anyio.create_task_group() as tasks:
                for name in held:
                    tasks.start_soon(service.renew, name, found)
                await anyio.lowlevel.checkpoint()
                for name in free:
                    await service.renew(name, found)
                assert list(found) == free
                for lease in leases:
                    lease.release()
            return found

        found = anyio.run(main)
        assert len(found) == MANY + 2
        assert renewed_once(server, found)
        assert service.most_threads <= MOST_THREADS


def test_logins_that_wait_for_people_do_not_keep_the_sessions_of_others_from_being_renewed():
    """Row J4."""
    with RotatingServer(0.0, latency=(0.0, 0.0)) as server:
        service, worlds = Service(server, MemoryStore(), ["user"]), [World() for _ in range(MOST_WORKERS + 3)]
        engines = [world.engine() for world in worlds]
        for world in worlds:
            world.person.never_answers = True

        async def main():
            found, ended = {}, []

            async def log_in(engine):
                with pytest.raises(LoginFailed):
                    await engine.replace_async(None)
                ended.append(engine)

            async with anyio.create_task_group() as tasks:
                for engine in engines:
                    tasks.start_soon(log_in, engine)
                for world in worlds:
                    await anyio.to_thread.run_sync(world.person.has_been_asked.wait, LONGEST_WAIT)
                await service.renew("user", found)
                assert ended == []
                for engine in engines:
                    engine._flight.cancel()
            assert len(ended) == len(engines)
            return found

        found = anyio.run(main)
        assert renewed_once(server, found)


def test_a_first_look_need_not_wait_behind_renewals_at_a_server_that_hangs():
    """Row J4."""
    may_answer = threading.Event()
    with RotatingServer(0.0, latency=(0.0, 0.0)) as server:
        service = Service(server, MemoryStore(), [f"user-{number}" for number in range(MANY)])
        server.holds["rotation"] = lambda: may_answer.wait(LONGEST_WAIT)
        newcomer = build_engine(service._settings("user-0"), store=service.store, login="never")

        async def main():
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(service.renew_all)
                await anyio.lowlevel.checkpoint()
                await newcomer.look_async()
                assert newcomer.is_known()
                may_answer.set()

        anyio.run(main)
        assert all(len(family.arrivals) == 1 for family in server.families.values())
