# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Real Redis and PostgreSQL servers, each with data of its own below a temporary folder.

    with RedisServer(folder) as server: RedisStore(server.url)

A folder must not exist yet; PostgreSQL refuses to run as root, so root gives its folder to the user `postgres`.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from contextlib import contextmanager, suppress
from pathlib import Path

PASSWORD = "canary-31f0-password"
_PATIENCE = 60.0


class Server(ABC):
    """
    A server that runs while the context is open, and can be stopped in between.

    :param folder: Its data.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self.port = _free_port()
        self.process = None

    @property
    @abstractmethod
    def url(self):
        """What `open_store` takes."""

    @abstractmethod
    def prepare(self):
        """Make the data of a new server."""

    @abstractmethod
    def command(self):
        """The program and its arguments."""

    @abstractmethod
    def is_ready(self):
        """Tell whether it serves, after its port is open."""

    user = None
    good_end = signal.SIGTERM

    def __enter__(self):
        try:
            self.prepare()
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind, error, traceback):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        self._spawn()
        deadline = time.monotonic() + _PATIENCE
        spawned = 1
        while not (_is_open(self.port) and self.is_ready()):
            if self.process.poll() is not None and spawned < 5:  # parts of a killed PostgreSQL may still be there
                self._spawn()
                spawned += 1
            elif self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError((self.folder / "log").read_text(errors="replace"))
            time.sleep(0.02 * spawned)

    def _spawn(self):
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                **_as(self.user),
            )

    def stop(self, how=None):
        """End it well, or with `signal.SIGKILL`: then all its processes at once, as when a computer goes down."""
        if self.process is None:
            return
        if how == signal.SIGKILL:
            self._kill()
        elif self.process.poll() is None:
            self.process.send_signal(self.good_end)
        try:
            self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._kill()
            self.process.wait(_PATIENCE)
        self.process = None

    def _kill(self):
        """A part of PostgreSQL that outlives its parent would still take a write, which nobody expects of the dead."""
        self.process.send_signal(signal.SIGSTOP)
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        for child in children.read_text().split() if children.exists() else ():
            with suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
        self.process.kill()

    @contextmanager
    def stopped(self, how=None):
        """It is away while the context is open, and back afterwards with the data it has kept."""
        self.stop(how)
        try:
            yield
        finally:
            self.start()

    def restart(self, how=None):
        with self.stopped(how):
            pass


class RedisServer(Server):
    """
    A Redis that keeps everything, unless told otherwise.

    :param folder: Its data.
    :param settings: Settings on top, such as `maxmemory="1mb"`.
    """

    def __init__(self, folder, **settings):
        super().__init__(folder)
        self.settings = {"appendonly": "yes", "appendfsync": "always", "save": "", "requirepass": PASSWORD, **settings}

    @property
    def url(self):
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"

    def prepare(self):
        self.folder.mkdir(parents=True)

    def command(self):
        fixed = {"bind": "127.0.0.1", "port": self.port, "dir": self.folder, "daemonize": "no"}
        options = {name.replace("_", "-"): value for name, value in {**fixed, **self.settings}.items()}
        (self.folder / "redis.conf").write_text("".join(f'{name} "{value}"\n' for name, value in options.items()))
        return ["redis-server", str(self.folder / "redis.conf")]

    def is_ready(self):
        said = self.ask(f"AUTH {PASSWORD}", "PING")
        return b"+PONG" in said

    def ask(self, *commands):
        """Send commands as lines of text; give what it answers in half a second or until it has ended."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=_PATIENCE) as connection:
            connection.sendall("".join(command + "\r\n" for command in (*commands, "QUIT")).encode())
            said = b""
            while part := connection.recv(65536):
                said += part
        return said


class PostgresServer(Server):
    """A PostgreSQL that writes to the disk, with one user who has a password."""

    def __init__(self, folder):
        super().__init__(folder)
        self.user = "postgres" if os.geteuid() == 0 else None
        self.good_end = signal.SIGINT  # which does not wait for its clients
        self.settings = {}

    @property
    def url(self):
        return f"postgresql://keeper:{PASSWORD}@127.0.0.1:{self.port}/postgres"

    def prepare(self):
        self.folder.mkdir(parents=True)
        (self.folder / "password").write_text(PASSWORD)
        if self.user is not None:
            account = pwd.getpwnam(self.user)
            for path in (self.folder, self.folder / "password"):
                os.chown(path, account.pw_uid, account.pw_gid)
        command = [_program("initdb"), "--pgdata", str(self.folder / "data"), "--username", "keeper", "--no-sync"]
        command += ["--auth", "scram-sha-256", "--pwfile", str(self.folder / "password"), "--encoding", "UTF8"]
        done = subprocess.run(
            [*command, "--no-locale"], capture_output=True, check=False, cwd=self.folder, **_as(self.user)
        )
        assert done.returncode == 0, done.stderr

    def command(self):
        fixed = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "shared_buffers": "16MB",
        }
        options = [f"--{name}={value}" for name, value in {**fixed, **self.settings}.items()]
        return [_program("postgres"), "-D", str(self.folder / "data"), *options]

    def is_ready(self):
        import psycopg

        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True


def _program(name):
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(places[-1]) if places else name


def _as(user):
    return {} if user is None else {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _is_open(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
