# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What holds among processes, also when one is killed, frozen or forked in the middle."""

import math
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from typing import Any

from valetkey.store.leases.holding import hold
from valetkey.store.protocol import ABSENT, Conflict, Record, Store
from valetkey.store.testing.promise import (
    LEASE_SECONDS,
    PATIENCE_SECONDS,
    SHORT_LEASE_SECONDS,
    Check,
    Open,
    expect,
    new_key,
    taken,
    taken_within,
)

_LATENCY_SECONDS = 0.02


class Child:
    """Another process that uses the store, and talks with this one."""

    def __init__(self, process: Any, pipe: "Connection[Any, Any]") -> None:
        self.process = process
        self.pipe = pipe

    def hear(self) -> Any:
        """
        Wait for its next word.

        :raises AssertionError: If it says nothing more.
        """
        try:
            expect(self.pipe.poll(PATIENCE_SECONDS), "no process waits for ever")
            return self.pipe.recv()
        except EOFError:
            message = "the process has failed, see its standard error"
            raise AssertionError(message) from None

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self.process.kill()
        self.process.join(PATIENCE_SECONDS)


@contextmanager
def child(work: Callable[..., None], open_store: Open, *arguments: object) -> Iterator[Child]:
    """Run a piece of work in a new process, which knows nothing of this one."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=work, args=(open_store, there, *arguments), daemon=True)
    process.start()
    there.close()
    running = Child(process, here)
    try:
        yield running
    finally:
        running.kill()
        here.close()
        process.close()


def check_killed_holder(open_store: Open) -> None:
    """The lease of a killed process passes on when it ends, at the latest."""
    store, key = open_store(), new_key()
    with child(_hold, open_store, key) as holder:
        expect(holder.hear() is True, "a free lease is given")
        remaining, told_at = holder.hear(), time.monotonic()
        lease = store.lease(key, seconds=LEASE_SECONDS)
        is_over = time.monotonic() - told_at >= remaining  # on a busy computer
        expect(lease is None or is_over, "a lease is held once, also among processes")
        if lease is not None:
            lease.release()
        holder.kill()
        lease, _ = taken_within(store, key, SHORT_LEASE_SECONDS + 5, "the lease of a killed process passes on")
        lease.release()
    store.delete(key)
    store.close()


def check_frozen_holder(open_store: Open) -> None:
    """
    A holder frozen for longer than its lease cannot write over what the next holder has written.

    No process takes a lock of the operating system from a frozen process, whose write then succeeds.
    """
    if not hasattr(signal, "SIGSTOP"):
        return
    store, key = open_store(), new_key()
    with child(_hold, open_store, key) as holder:
        expect(holder.hear() is True, "a free lease is given")
        has_end = holder.hear() != math.inf
        os.kill(holder.process.pid, signal.SIGSTOP)
        try:
            if has_end:
                lease, _ = taken_within(store, key, SHORT_LEASE_SECONDS + 5, "the lease of a frozen process passes on")
                record = store.get(key)
                store.put(key, b"next", if_version=record.version if record else ABSENT)
                lease.release()
            else:
                time.sleep(2 * SHORT_LEASE_SECONDS)
                expect(
                    store.lease(key, seconds=LEASE_SECONDS) is None,
                    "a lock of the operating system stays with its process",
                )
        finally:
            os.kill(holder.process.pid, signal.SIGCONT)
        holder.pipe.send("write")
        expect(holder.hear() == ("conflict" if has_end else "written"), "a late write is a conflict")
    record = store.get(key)
    expect(record is not None and record.value == (b"next" if has_end else b"late"), "the next holder's value stays")
    store.delete(key)
    store.close()


def check_killed_writer(open_store: Open) -> None:
    """A process killed while it writes leaves a whole value: the old one or the new one."""
    store, key = open_store(), new_key()
    with child(_write, open_store, key) as writer:
        expect(writer.hear() is True, "a record can be written")
        time.sleep(0.05)
        writer.kill()
    record = store.get(key)
    expect(record is not None, "what was written is there")
    if record is not None:
        number = record.value[:8]
        expect(int(number) >= 2, "a write that has returned is kept")
        expect(record.value == number * 2000, "a value is whole")
        store.put(key, b"1", if_version=record.version)
    store.delete(key)
    store.close()


def check_fork(open_store: Open) -> None:
    """A forked child has neither the lease of its parent, nor its connections; and its end takes neither away."""
    if not hasattr(os, "fork"):
        return
    with child(_fork, open_store, new_key()) as parent:
        expect(parent.hear() == (True, True), "a forked child can use the store, and does not have the lease")
        expect(parent.hear() is True, "the end of a forked child takes nothing from its parent")


def check_stampede(open_store: Open, *, processes: int = 6, rounds: int = 10) -> None:
    """
    Several processes find a session expired at the same time, and again, with a server that forgives no reuse.

    One of them renews, and all use the result.

    :param open_store: Opens the store.
    :param processes: How many processes.
    :param rounds: How often the session expires.
    :raises AssertionError: If a promise is broken.
    """
    store, key = open_store(), new_key()
    store.put(key, b"0 first")
    token, requests, reused = "first", 0, 0
    with ExitStack() as stack:
        children = [stack.enter_context(child(_renew, open_store, key)) for _ in range(processes)]
        for each in children:
            expect(each.hear() == "ready", "a store can be opened by many")
        for number in range(1, rounds + 1):
            pipes = [each.pipe for each in children]
            for pipe in pipes:
                pipe.send(number)
            while pipes:
                ready = wait_for(pipes, PATIENCE_SECONDS)
                expect(bool(ready), "no process waits for ever")
                for pipe in [each for each in pipes if each in ready]:
                    asked, shown = pipe.recv()
                    if not asked:
                        expect(shown == token, "all use the token of the last renewal")
                        pipes.remove(pipe)
                        continue
                    time.sleep(_LATENCY_SECONDS)
                    requests, reused = requests + 1, reused + (shown != token)
                    token = f"token-{requests}"
                    pipe.send(token)
    expect(reused == 0, f"no refresh token is used twice, but {reused} were")
    expect(requests == rounds, f"one renewal for all, but there were {requests} in {rounds} rounds")
    store.delete(key)
    store.close()


def _hold(open_store: Open, pipe: "Connection[Any, Any]", key: str) -> None:
    store = open_store()
    version = store.put(key, b"held")
    lease = store.lease(key, seconds=SHORT_LEASE_SECONDS)
    pipe.send(lease is not None)
    pipe.send(lease.remaining() if lease else 0)
    pipe.recv()
    try:
        store.put(key, b"late", if_version=version)
        pipe.send("written")
    except Conflict:
        pipe.send("conflict")


def _write(open_store: Open, pipe: "Connection[Any, Any]", key: str) -> None:
    store, number = open_store(), 0
    while True:
        store.put(key, b"%08d" % number * 2000)
        number += 1
        if number == 3:
            pipe.send(True)


def _fork(open_store: Open, pipe: "Connection[Any, Any]", key: str) -> None:
    store = open_store()
    version = store.put(key, b"1")
    with taken(store.lease(key, seconds=LEASE_SECONDS), "a free lease is given") as lease:
        forked = os.fork()
        if forked == 0:
            try:
                record = store.get(key)
                busy = store.lease(key, seconds=LEASE_SECONDS) is None
                lease.release()  # its copy of the object
                store.close()
                pipe.send((record == Record(b"1", version), busy))
            finally:
                os._exit(0)
        os.waitpid(forked, 0)
        is_held = store.lease(key, seconds=LEASE_SECONDS) is None
        store.put(key, b"2", if_version=version)
    taken(store.lease(key, seconds=LEASE_SECONDS), "what was released is given again").release()
    store.delete(key)
    pipe.send(is_held)


def _renew(open_store: Open, pipe: "Connection[Any, Any]", key: str) -> None:
    store = open_store()
    pipe.send("ready")
    while True:
        pipe.send((False, _renewed(store, key, pipe.recv(), pipe)))


def _renewed(store: Store, key: str, wanted: int, pipe: "Connection[Any, Any]") -> str:
    """Do what Valetkey does: hold the lease, read again, write the intent, ask, write the answer."""

    def current() -> str | None:
        number, token, _ = _session(store, key)
        return token if number >= wanted else None

    turn = hold(store, key, current, seconds=PATIENCE_SECONDS)
    if isinstance(turn, str):
        return turn
    with turn:
        number, token, version = _session(store, key)
        if number >= wanted:
            return token
        version = store.put(key, f"{number} {token} intent".encode(), if_version=version)
        pipe.send((True, token))
        fresh = str(pipe.recv())
        store.put(key, f"{wanted} {fresh}".encode(), if_version=version)
    return fresh


def _session(store: Store, key: str) -> tuple[int, str, str]:
    record = store.get(key)
    if record is None:
        message = "what was written is there"
        raise AssertionError(message)
    number, token = record.value.decode().split()[:2]
    return int(number), token, record.version


PROCESSES: tuple[Check, ...] = (
    check_killed_holder,
    check_frozen_holder,
    check_killed_writer,
    check_fork,
    check_stampede,
)
"""What holds among processes."""
