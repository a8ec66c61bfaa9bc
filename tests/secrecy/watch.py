# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Collects everything that a program lets others see while it runs, by the kind of place where they see it."""

import logging
import os
import sqlite3
import threading
import traceback
from collections import defaultdict
from collections.abc import Iterable
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.fakes.auditing import heard_by
from tests.secrecy.canaries import Canaries
from tests.secrecy.walk import links_of, pickled, reachable, said_by, shown_by

LOG, LOG_OF_ANSWERS = "the log", "what httpcore logs of a server's header fields"
ERRORS, LINKS_OF_ERRORS = "an error", "the link of an error that waits for a person"
OBJECTS, PICKLES = "an object", "a pickle"
ARGUMENTS, ENVIRONMENTS = "the arguments of a program", "the environment of a program"
URLS, LINK, CALLBACK = "the URL of a request", "the link that a person opens", "the URL of the answer"
PAGES, TERMINAL, TRACE = "a page in the browser", "what is printed", "a trace"
THREADS, WRITTEN = "the name of a thread", "YAML"
FILES, FILE_NAMES = "a file", "the name of a file"
RECORDS, KEYS, STORE_FILE, JOURNAL = "a record", "a key or version", "the store's file", "a journal"

PLACES = (
    *(LOG, LOG_OF_ANSWERS, ERRORS, LINKS_OF_ERRORS, OBJECTS, PICKLES, ARGUMENTS, ENVIRONMENTS, URLS, LINK, CALLBACK),
    *(PAGES, TERMINAL, TRACE, THREADS, WRITTEN, FILES, FILE_NAMES, RECORDS, KEYS, STORE_FILE, JOURNAL),
)

_OTHERS_LOGGERS = ("httpcore", "httpcore2", "hpack", "h2")
_PROGRAMS = ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.spawn")
_SQLITE = (b"SQLite format 3", ".locks")


class Watch:
    """
    Watches this process while the context is open; `shown` then says which canary shows where.

    :param folder: Where the program may leave files; they are looked into before each change that would hide one.
    :param canaries: What is searched for.
    """

    def __init__(self, folder: Path, canaries: Canaries) -> None:
        self.folder = folder
        self.canaries = canaries
        self.errors: list[BaseException] = []
        self.roots: list[object] = []
        self._texts: dict[str, dict[str, None]] = defaultdict(dict)
        self._levels: dict[logging.Logger, int] = {}
        self._busy = threading.local()

    def __enter__(self) -> Self:
        loggers = [each for each in logging.Logger.manager.loggerDict.values() if isinstance(each, logging.Logger)]
        self._levels = {logger: logger.level for logger in (logging.root, *loggers)}
        self._disabled = logging.root.manager.disable
        logging.disable(logging.NOTSET)
        for logger in self._levels:
            logger.setLevel(logging.NOTSET if logger is not logging.root else logging.DEBUG)
        self._factory = logging.getLogRecordFactory()
        self._records: list[tuple[logging.LogRecord, str]] = []
        logging.setLogRecordFactory(self._record)
        self._until_the_end = ExitStack()
        self._until_the_end.enter_context(heard_by(self.hear))
        self._connect = sqlite3.connect
        sqlite3.connect = self._connected  # type: ignore[assignment]  # no audit event tells of a transaction
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sqlite3.connect = self._connect
        self._until_the_end.close()
        logging.setLogRecordFactory(self._factory)
        logging.disable(self._disabled)
        for logger, level in self._levels.items():
            logger.setLevel(level)

    def see(self, place: str, text: str | bytes) -> None:
        """Note what is shown at a place."""
        assert place in PLACES
        self._texts[place][text.decode("latin-1") if isinstance(text, bytes) else text] = None

    def fails(self, call: Any) -> BaseException:
        """Call what has to fail, and keep the error."""
        try:
            call()
        except Exception as error:  # noqa: BLE001 - whatever it is, it shows something
            self.errors.append(error)
            return error
        message = "it has not failed"
        raise AssertionError(message)

    def look_around(self) -> None:
        """Note what is there only for now: the names of threads, and files."""
        for thread in threading.enumerate():
            self.see(THREADS, thread.name)
        for path in self.folder.rglob("*"):
            self.look_into(path)

    def look_into(self, path: Path) -> None:
        """Note the name of a file and what is in it."""
        self.see(FILE_NAMES, str(path))
        with suppress(OSError):
            content = path.read_bytes()
            is_store = content.startswith(_SQLITE[0]) or _SQLITE[1] in str(path.parent)
            is_journal = path.name.endswith(("-journal", "-wal", "-shm"))
            self.see(JOURNAL if is_journal else STORE_FILE if is_store else FILES, content)
            if is_store and not is_journal and _SQLITE[1] not in str(path.parent):
                self._look_into_records(path)

    def _look_into_records(self, path: Path) -> None:
        with suppress(sqlite3.Error), closing(self._connect(f"file:{path}?mode=ro", uri=True)) as connection:
            for key, version, value in connection.execute("SELECT key, version, value FROM records"):
                self.see(KEYS, f"{key} {version}")
                self.see(RECORDS, value)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take what Python reports of its doings (PEP 578)."""
        if getattr(self._busy, "is_so", False):
            return
        self._busy.is_so = True
        try:
            if event in _PROGRAMS:
                self._see_program(event, arguments)
            elif event == "open" and isinstance(arguments[0], str) and _writes(arguments):
                self.see(FILE_NAMES, arguments[0])
            elif event in ("os.remove", "os.rename") and isinstance(arguments[0], str | Path):
                self.look_into(Path(arguments[0]))
        finally:
            self._busy.is_so = False

    def _see_program(self, event: str, arguments: tuple[Any, ...]) -> None:
        *command, environment = (*arguments[:2], arguments[3]) if event == "subprocess.Popen" else (*arguments, None)
        self.see(ARGUMENTS, repr(command))
        shown = os.environ if environment is None else environment
        self.see(ENVIRONMENTS, repr(dict(shown)))

    def _connected(self, *arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = self._connect(*arguments, **options)
        connection.set_trace_callback(self._before_statement)
        return connection

    def _before_statement(self, statement: str) -> None:
        if statement.upper().startswith("COMMIT"):  # the journal is there only until then
            for path in self.folder.rglob("*"):
                if path.name.endswith(("-journal", "-wal")):
                    self.look_into(path)

    def _record(self, *arguments: Any, **options: Any) -> logging.LogRecord:
        record = self._factory(*arguments, **options)
        with suppress(TypeError, ValueError):  # a record of another program that does not fit its arguments
            parts = [record.name, record.getMessage(), repr(record.args)]
            if record.exc_info and record.exc_info[1] is not None:
                parts += [said_by(record.exc_info[1]), *traceback.format_exception(record.exc_info[1])]
            self._records.append((record, "\n".join(parts)))
        return record

    def texts(self) -> dict[str, str]:
        """Give all that was shown, by place."""
        for record, text in self._records:
            is_answer = record.name.split(".")[0] in _OTHERS_LOGGERS and "response_headers" in text
            self.see(LOG_OF_ANSWERS if is_answer else LOG, f"{text}\n{vars(record)!r}")
        for error in self.errors:
            self.see(ERRORS, said_by(error))
            self.see(LINKS_OF_ERRORS, links_of(error))
        for one in reachable([*self.roots, *self.errors]):
            self.see(OBJECTS, shown_by(one))
            self.see(PICKLES, pickled(one))
        return {place: "\n".join(texts) for place, texts in self._texts.items()}

    def shown(self) -> set[tuple[str, str]]:
        """Give each pair of a place and a kind of secret that shows there."""
        return {(place, name) for place, text in self.texts().items() for name in self.canaries.names_in(text)}


def _writes(arguments: Iterable[Any]) -> bool:
    _, mode, flags = arguments
    return isinstance(mode, str) and mode[:1] in "wax+" if mode else bool(flags & (os.O_WRONLY | os.O_RDWR))
