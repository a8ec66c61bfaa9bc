# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Processes that renew sessions and are killed at it.

This program stays without threads and forks each of them, which is cheap: what they need is imported, and nothing they
do is in it. It reads one job from each line of its standard input and answers with one line.
"""

import dataclasses
import json
import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from valetkey._engine.engine import Engine
from valetkey._engine.factory import build_engine
from valetkey._sessions.codec import decode_session, encode_session, session_key
from valetkey.errors import AuthError, TemporaryError
from valetkey.settings.settings import Settings
from valetkey.store import Store
from valetkey.values import Client, ClientOrigin, Secret, ServerMetadata, Session, Token

PATIENCE = 60.0


def main() -> None:
    logging.getLogger("valetkey").addHandler(logging.NullHandler())  # hundreds of lost answers are what is wanted here
    work: dict[str, Callable[..., object]] = {"warm": warm, "kill": kill, "measure": measure, "stampede": stampede}
    for line in sys.stdin:
        job = json.loads(line)
        print(json.dumps(work[job.pop("work")](**job)), flush=True)


def open_engine(origin: str, store: str, name: str) -> Engine:
    settings = settings_of(origin, name)
    return build_engine(settings, store=open_plain(store), login="never")


def open_plain(store: str) -> Store:
    """Open the backend of a store, without the encryption around it."""
    scheme = store.partition(":")[0]
    if scheme == "redis":
        from valetkey.store.backends.redis import RedisStore

        return RedisStore(store)
    if scheme == "postgresql":
        from valetkey.store.backends.postgres import PostgresStore

        return PostgresStore(store)
    from valetkey.store.backends.sqlite import SqliteStore

    return SqliteStore(Path(store.removeprefix("sqlite:///")))


def begin(origin: str, store: str, name: str, refresh_token: str) -> Session:
    """Put a session into the store whose access token has just expired."""
    now = time.time()
    session = Session(
        token=Token(Secret(f"{name}.expired"), now - 3600, now - 1, Secret(refresh_token)),
        client=Client("durability", origin, redirect_uri="http://127.0.0.1/", origin=ClientOrigin.REGISTERED),
        server=ServerMetadata(origin, token_endpoint=f"{origin}/token"),
        resource=f"{origin}/mcp",
    )
    open_plain(store).put(session_key(settings_of(origin, name)), encode_session(session))
    return session


def kept(origin: str, store: str, name: str) -> Session | None:
    record = open_plain(store).get(session_key(settings_of(origin, name)))
    return None if record is None else decode_session(record.value)


def warm(origin: str, store: str, name: str, refresh_token: str) -> bool:
    """Renew once in this process, so that what is loaded late is there in every child."""
    begin(origin, store, name, refresh_token)
    return open_engine(origin, store, name).replace(None) is not None


def measure(origin: str, store: str, name: str, refresh_token: str) -> float:
    """Renew in a child, and give the seconds it took."""
    begin(origin, store, name, refresh_token)
    child = Child(lambda: bool(open_engine(origin, store, name).replace(None)))
    child.hear()
    started = time.monotonic()
    child.hear()
    seconds = time.monotonic() - started
    child.kill()
    return seconds


def kill(origin: str, store: str, victims: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """
    Renew each session in a child that is killed at its moment, look at what is left, and renew again in another child.

    Those that recover do so at the same time: a lease on a server ends only with its time.
    """
    found: list[dict[str, Any]] = []
    for victim in victims:
        name = victim["name"]
        before = begin(origin, store, name, victim["refresh_token"])
        child = Child(lambda name=name: bool(open_engine(origin, store, name).replace(None)))
        child.hear()
        time.sleep(victim["delay"])
        child.kill()
        found.append({"name": name, "killed_at": time.monotonic(), "left": _what_is_left(origin, store, name, before)})
    recovering = [Child(lambda name=each["name"]: _recover(origin, store, name)) for each in found]
    started = time.monotonic()
    for each, child in zip(found, recovering, strict=True):
        child.hear()
        each["outcome"] = child.hear()
        each["seconds"] = time.monotonic() - started
        child.kill()
        session = kept(origin, store, each["name"])
        each["refresh_token"] = _text(session.token.refresh_token if session is not None else None)
        each["access_token"] = _text(session.token.access_token if session is not None else None)
    return found


def stampede(
    origin: str, store: str, name: str, refresh_token: str, processes: int, rounds: int
) -> list[dict[str, Any]]:
    """Let many processes find the same token rejected at the same moment, again and again."""
    begin(origin, store, name, refresh_token)
    children = [Child(lambda: None, serve=lambda: _take_part(origin, store, name)) for _ in range(processes)]
    outcomes = []
    for _ in range(rounds):
        for child in children:
            child.hear()  # it is ready
        started = time.monotonic()
        for child in children:
            child.tell()
        answers = [child.hear() for child in children]
        outcomes.append({"answers": sorted(set(map(str, answers))), "began": started, "ended": time.monotonic()})
    for child in children:
        child.kill()
    return outcomes


class Child:
    """
    A forked process. It says that it begins, does its work, says what came of it, and waits to be killed.

    :param work: Its work.
    :param serve: Instead: gives a piece of work that is done each time it is told to.
    """

    def __init__(self, work: Callable[[], object], serve: Callable[[], Callable[[], object]] | None = None) -> None:
        hears, self._says = os.pipe()
        self._hears, says = os.pipe()
        self._buffer = b""
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.close(self._says)
                _live(work, serve, hears, says)
            except BaseException:  # noqa: BLE001 - nothing of the parent may go on in here
                traceback.print_exc()
            finally:
                os._exit(0)
        os.close(hears)
        os.close(says)

    def hear(self) -> Any:
        while b"\n" not in self._buffer:
            part = os.read(self._hears, 65536)
            if not part:
                message = "a process has ended before its time"
                raise AssertionError(message)
            self._buffer += part
        line, _, self._buffer = self._buffer.partition(b"\n")
        return json.loads(line)

    def tell(self) -> None:
        os.write(self._says, b"!")

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._hears)
        os.close(self._says)


def _live(work: Callable[[], object], serve: Callable[[], Callable[[], object]] | None, hears: int, says: int) -> None:
    def say(what: object) -> None:
        os.write(says, json.dumps(what).encode() + b"\n")

    if serve is None:
        say("begins")
        say(work())
        os.read(hears, 1)  # until it is killed
        return
    piece = serve()
    while True:
        say("ready")
        if not os.read(hears, 1):
            return
        say(piece())


def _take_part(origin: str, store: str, name: str) -> Callable[[], object]:
    # Ten minutes lie between two rounds: the brake holds back a server that rejects each token when it is new.
    started, rounds = time.time(), [0]
    usual = open_engine(origin, store, name)
    seams = dataclasses.replace(usual._seams, now=lambda: started + 600.0 * rounds[0])
    engine = Engine(usual.settings, usual._store, seams)
    rejected = [None]

    def replace() -> object:
        rounds[0] += 1
        try:
            rejected[0] = engine.replace(rejected[0])
            engine.acceptance.accept(rejected[0])  # as an adapter does: the MCP server takes the new token
        except AuthError as error:
            return type(error).__name__
        return _text(rejected[0].access_token)

    return replace


def _recover(origin: str, store: str, name: str) -> str:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            open_engine(origin, store, name).replace(None)
        except AuthError as error:
            session = kept(origin, store, name)
            is_over = session is None or session.token.refresh_token is None or not isinstance(error, TemporaryError)
            if is_over or time.monotonic() > deadline:
                return type(error).__name__
        else:
            return "renewed"


def _what_is_left(origin: str, store: str, name: str, before: Session) -> str:
    session = kept(origin, store, name)
    if session is None or session.token.access_token != before.token.access_token:
        return "answer"
    return "nothing" if session.refresh_intent is None else "intent"


def settings_of(origin: str, name: str) -> Settings:
    """Give the settings of one session."""
    return Settings(url=f"{origin}/mcp", principal=name)


def _text(secret: Secret | None) -> str | None:
    return None if secret is None else secret.reveal()


if __name__ == "__main__":
    main()
