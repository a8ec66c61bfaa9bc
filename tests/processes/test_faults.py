# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Renewals on a disk that is full, in a folder that is read-only, on a damaged file, and by a clock that jumps."""

import os
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.killing import begin, kept, open_plain, settings_of
from benchmarks.rotation import RotatingServer
from tests.fakes.network import Gate
from tests.fakes.threads import LONGEST_WAIT
from tests.processes.child import Child
from tests.requirements import requirement
from valetkey._sessions.codec import encode_session, session_key

NOBODY = 65534

RENEW = """
    import logging, os, resource, sys, time
    from benchmarks.killing import open_plain, settings_of
    from valetkey._engine.engine import Engine
    from valetkey.errors import AuthError
    from valetkey._network.guard import Guard
    from valetkey.login.never import NeverLogin
    from valetkey.seams import Seams
    from valetkey._network.sender import HttpSender

    origin, store, offset, user, is_full = sys.argv[1:]
    logging.basicConfig(level=logging.INFO, format="log: %(message)s", stream=sys.stdout)
    seams = Seams(send=HttpSender(Guard(origin)), login=NeverLogin(), now=lambda: time.time() + float(offset))
    engine = Engine(settings_of(origin, "s"), open_plain(store), seams)
    if user != "0":  # modes do not bind root
        os.setgroups([])
        os.setgid(int(user))
        os.setuid(int(user))
    if is_full == "full":
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    def current():
        token = engine.current()
        while engine._flight.running() is not None:
            engine._flight.running().result(20)
        return token.access_token.reveal() if token else "nothing"

    def replace():
        try:
            return engine.replace(engine.session.token if engine.session else None).access_token.reveal()
        except AuthError as error:
            return f"{type(error).__name__}: {error}"

    print("ready", flush=True)
    for line in sys.stdin:
        if line.strip() == "room":
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            continue
        print({"current": current, "replace": replace}[line.strip()](), flush=True)
"""


@pytest.fixture
def server():
    with RotatingServer(0.0, latency=(0, 0)) as running:
        yield running


@pytest.fixture
def folder():
    """A folder that an unprivileged child can reach; those of pytest are for this user alone."""
    made = Path(tempfile.mkdtemp())
    yield made
    made.chmod(0o700)
    shutil.rmtree(made)


@contextmanager
def child(server, store, *, offset=0.0, user=0, full=False):
    with Child(RENEW, server.origin, store, offset, user, "full" if full else "") as running:
        assert said(running) == "ready"
        yield running


def said(running):
    while True:
        line = running.hear()
        if not line.startswith("log: "):
            return line


def asked(running, what):
    running.tell(what)
    return said(running)


def begun(server, store, *, left=-1.0):
    """Put a session into the store whose access token has this many seconds left."""
    session = begin(server.origin, store, "s", server.begin("s"))
    now = time.time()
    token = replace(session.token, obtained_at=now + left - 3600, expires_at=now + left)
    open_plain(store).put(session_key(settings_of(server.origin, "s")), encode_session(replace(session, token=token)))
    return kept(server.origin, store, "s")


def is_alive(server, store):
    token = kept(server.origin, store, "s").token
    return server.is_alive("s", token.access_token.reveal(), token.refresh_token and token.refresh_token.reveal())


# A full disk.


@contextmanager
def small_disk(folder):
    """A file system of its own of two megabytes; None where this user may not mount one."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=True)


def fill(folder):
    """Write until there is no room for a single byte more."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
    return filler


@requirement("REF-8")
@pytest.mark.parametrize("left", [30.0, -1.0], ids=["still serving", "expired"])
def test_a_full_disk_spends_no_refresh_token_and_heals_when_there_is_room(left, server, folder):
    with small_disk(folder) as disk:
        store = f"sqlite:///{folder}/valetkey/credentials.db"
        before = begun(server, store, left=left)
        with child(server, store, full=disk is None) as running:
            filler = fill(disk) if disk is not None else None
            serves = before.token.access_token.reveal() if left > 0 else "nothing"
            assert asked(running, "current") == serves
            assert asked(running, "replace").startswith("StoreError: ")
            assert server.families["s"].arrivals == []
            if filler is not None:
                filler.unlink()
            running.tell("room")
            renewed = asked(running, "replace")
        assert renewed == kept(server.origin, store, "s").token.access_token.reveal()
        assert is_alive(server, store)


@requirement("REF-8")
def test_a_disk_that_fills_while_the_server_answers_loses_nothing_when_there_is_room_again(server, folder):
    with small_disk(folder) as disk:
        store = f"sqlite:///{folder}/valetkey/credentials.db"
        begun(server, store)
        gate = Gate()
        server.holds["answer"] = gate.pass_through
        with child(server, store) as running:
            running.tell("replace")
            assert gate.reached.wait(LONGEST_WAIT)
            crowd = fill(disk) if disk is not None else hindered(folder)
            gate.opened.set()
            with pytest.raises(subprocess.TimeoutExpired):
                running.process.wait(0.5)
            assert kept(server.origin, store, "s").refresh_intent is not None  # the answer waits in memory
            crowd.unlink() if disk is not None else crowd.rmdir()
            assert said(running) == kept(server.origin, store, "s").token.access_token.reveal()
        assert is_alive(server, store)


def hindered(folder):
    """Keep SQLite from writing as a full disk does, where none can be mounted: its journal cannot be made."""
    journal = folder / "valetkey" / "credentials.db-journal"
    journal.mkdir()
    return journal


# A folder that is read-only.


@requirement("REF-8")
def test_in_a_read_only_folder_the_token_serves_to_its_end_and_no_refresh_token_is_spent(server, folder):
    path = folder / "valetkey" / "credentials.db"
    before = begun(server, f"sqlite:///{path}", left=30.0)
    user = NOBODY if os.geteuid() == 0 else 0
    if user:
        for owned in (path, path.parent, folder):
            os.chown(owned, user, user)
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        with child(server, f"sqlite:///{path}", user=user) as running:
            assert asked(running, "current") == before.token.access_token.reveal()
            assert asked(running, "current") == before.token.access_token.reveal()
            assert "cannot be used: Permission denied" in asked(running, "replace")
    finally:
        path.parent.chmod(0o700)
    assert server.families["s"].arrivals == []


# A damaged file.


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: os.urandom(len(data)),
        lambda data: data[: len(data) // 2],
        lambda data: data[:100],
        lambda data: data[:4096] + os.urandom(len(data) - 4096),
        lambda data: b"{}",
    ],
    ids=["random", "half", "header alone", "good header", "another format"],
)
def test_a_damaged_file_is_an_error_that_says_what_to_do_and_stays_as_it_is(damage, server, tmp_path):
    path = tmp_path / "valetkey" / "credentials.db"
    begun(server, f"sqlite:///{path}")
    path.write_bytes(damage(path.read_bytes()))
    damaged = path.read_bytes()
    with child(server, f"sqlite:///{path}") as running:
        assert asked(running, "current") == "nothing"
        answer = asked(running, "replace")
    assert answer.startswith("StoreError: ")
    assert "log in again" in answer
    assert path.read_bytes() == damaged
    assert server.families["s"].arrivals == []


def test_with_the_damaged_file_moved_away_there_is_no_session_and_no_error(server, tmp_path):
    path = tmp_path / "valetkey" / "credentials.db"
    begun(server, f"sqlite:///{path}")
    path.write_bytes(b"damaged")
    path.rename(path.with_suffix(".corrupt"))
    with child(server, f"sqlite:///{path}") as running:
        assert asked(running, "replace").startswith("LoginRequired: ")


# A clock that jumps.


YEAR = 365 * 86_400.0


@requirement("REF-8")
@pytest.mark.parametrize("jumps", [(YEAR, 0.0, YEAR), (-YEAR, 0.0), (YEAR, -YEAR), (-60.0, 60.0, 0.0)], ids=str)
def test_a_clock_that_jumps_costs_a_refresh_at_most_and_never_the_session(jumps, server, tmp_path):
    store = f"sqlite:///{tmp_path}/valetkey/credentials.db"
    begun(server, store, left=1800.0)
    for turn, offset in enumerate(jumps, start=1):
        with child(server, store, offset=offset) as running:
            asked(running, "current")  # it may be expired by this clock, or not
            assert asked(running, "replace") == kept(server.origin, store, "s").token.access_token.reveal()
        assert is_alive(server, store)
        assert turn <= len(server.families["s"].arrivals) <= 2 * turn
    assert server.families["s"].reuses == 0


@requirement("REF-8")
def test_a_clock_that_is_set_back_during_a_renewal_keeps_the_new_generation(server, tmp_path):
    """The stored token then seems to be of the future, and is still the older one."""
    store = f"sqlite:///{tmp_path}/valetkey/credentials.db"
    session = begun(server, store, left=YEAR)
    gate = Gate()
    server.holds["answer"] = gate.pass_through
    with child(server, store, offset=-2 * YEAR) as running:
        running.tell("current")
        assert said(running) == session.token.access_token.reveal()
        running.tell("replace")
        assert gate.reached.wait(LONGEST_WAIT)
        open_plain(store).put(session_key(settings_of(server.origin, "s")), encode_session(session))  # no intent
        gate.opened.set()
        assert said(running) == kept(server.origin, store, "s").token.access_token.reveal()
    assert is_alive(server, store)
