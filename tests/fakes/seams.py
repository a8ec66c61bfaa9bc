# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Fakes of the other seams: a clock that does not tick, a person who answers at once, a store that can fail."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.fakes.network import Gate
from tests.fakes.threads import LONGEST_WAIT
from valetkey.errors import AuthError, LoginFailed, StoreError
from valetkey.login import LoginPrompt
from valetkey.store import ANY, Condition, Lease, Record
from valetkey.store.backends.memory import MemoryStore

BEGINNING = 1_800_000_000.0


@dataclass
class Clock:
    """A clock that moves when somebody pauses, and never else."""

    time: float = BEGINNING
    pauses: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time += seconds


@dataclass(kw_only=True)
class Person:
    """The seam `Login`: visits the link at once, with switches for those who do not."""

    visits: Callable[..., str]
    denies: bool = False
    never_answers: bool = False
    brings: Callable[[str], str] = lambda callback: callback
    taken_addresses: tuple[str, ...] = ()
    gate: Gate | None = None
    asked: list[LoginPrompt] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    wanted_addresses: list[tuple[str | None, bool]] = field(default_factory=list)
    told: list[AuthError | None] = field(default_factory=list)
    has_been_asked: threading.Event = field(default_factory=threading.Event)

    def open(self, redirect_uri: str | None, *, fixed: bool) -> "PersonVisit":
        self.wanted_addresses.append((redirect_uri, fixed))
        if redirect_uri is None or (redirect_uri in self.taken_addresses and not fixed):
            redirect_uri = f"http://127.0.0.1:{50_000 + len(self.wanted_addresses)}/callback"
        elif urlsplit(redirect_uri).port == 0:
            redirect_uri = redirect_uri.replace(":0/", f":{50_000 + len(self.wanted_addresses)}/")
        elif redirect_uri in self.taken_addresses:
            message = "The address is taken."
            raise _nobody(message)
        return PersonVisit(self, redirect_uri)

    def open_device(self) -> "PersonElsewhere":
        return PersonElsewhere(self)


class PersonVisit:
    """One login of a `Person`."""

    def __init__(self, person: Person, redirect_uri: str) -> None:
        self.redirect_uri = redirect_uri
        self._person = person

    def ask(self, prompt: LoginPrompt, *, seconds: float, cancelled: threading.Event) -> str:
        person = self._person
        person.asked.append(prompt)
        person.seconds.append(seconds)
        person.has_been_asked.set()
        if person.never_answers:
            assert cancelled.wait(LONGEST_WAIT), "nobody has cancelled the login"
            message = "Nobody has answered."
            raise _nobody(message)
        if person.gate is not None:
            person.gate.pass_through()
        return person.brings(person.visits(prompt.authorization_url, allows=not person.denies))

    def conclude(self, error: AuthError | None) -> None:
        self._person.told.append(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None


class PersonElsewhere:
    """One login of a `Person` on another device; what comes of it is for the server to say."""

    def __init__(self, person: Person) -> None:
        self._person = person

    def show(self, prompt: LoginPrompt) -> None:
        self._person.asked.append(prompt)
        self._person.has_been_asked.set()

    def conclude(self, error: AuthError | None) -> None:
        self._person.told.append(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None


@dataclass(kw_only=True)
class RecordingStore:
    """The seam `Store`: one in memory that writes down what is asked of it, with switches for trouble."""

    inner: MemoryStore = field(default_factory=MemoryStore)
    fails_reads: float = 0
    fails_writes: float = 0
    fails_deletes: float = 0
    loses_acknowledgements: float = 0
    trouble: type[StoreError] = StoreError
    before_read: dict[str, Callable[[], object]] = field(default_factory=dict)
    before_write: dict[str, Callable[[], object]] = field(default_factory=dict)
    before_lease: Callable[[], object] | None = None
    calls: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._changed = threading.Condition()

    def get(self, key: str) -> Record | None:
        self.calls.append(("get", key))
        if key in self.before_read:
            self.before_read.pop(key)()
        if self.fails_reads:
            self.fails_reads -= 1
            message = "The store cannot be read."
            raise self.trouble(message, hint="Look after the store.")
        return self.inner.get(key)

    def put(self, key: str, value: bytes, *, if_version: Condition = ANY) -> str:
        self.calls.append(("put", key))
        self._interfere(key)
        if self.fails_writes:
            self.fails_writes -= 1
            message = "The store cannot be written."
            raise self.trouble(message, hint="Look after the store.")
        version = self.inner.put(key, value, if_version=if_version)
        if self.loses_acknowledgements:
            self.loses_acknowledgements -= 1
            message = "The store has gone away."
            raise self.trouble(message, hint="Look after the store.")
        self._tell()
        return version

    def delete(self, key: str, *, if_version: Condition = ANY) -> bool:
        self.calls.append(("delete", key))
        self._interfere(key)
        if self.fails_deletes:
            self.fails_deletes -= 1
            message = "The store cannot be written."
            raise self.trouble(message, hint="Look after the store.")
        return self.inner.delete(key, if_version=if_version)

    def lease(self, key: str, *, seconds: float) -> Lease | None:
        if self.before_lease is not None:
            self.before_lease()
        return self.inner.lease(key, seconds=seconds)

    def close(self) -> None:
        self.inner.close()

    def wait_for_a_change(self, seconds: float) -> None:
        """A `pause` for several engines at once: goes on as soon as somebody has written."""
        with self._changed:
            self._changed.wait(seconds)

    def _interfere(self, key: str) -> None:
        interference = self.before_write.pop(key, None)
        if interference is not None:
            interference()

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()


def _nobody(message: str) -> LoginFailed:
    return LoginFailed(message, hint="Log in next time.")
