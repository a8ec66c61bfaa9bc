# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A trace in a file: one line of JSON for each event. It holds no secret and no user name, so it may be shown."""

import json
import logging
import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from valetkey.errors import ConfigurationError
from valetkey.errors.redaction import HIDDEN
from valetkey.events.kinds import Event
from valetkey.events.listening import listen
from valetkey.events.messages import without_keys
from valetkey.events.named_file import open_named

_logger = logging.getLogger("valetkey")

_OURS = frozenset({"time", "event", "attempt", "method", "purpose", "outcome", "grant"})
"""Members whose texts are of this package alone: no name of a user is in them."""
_SHORT = 5


class Trace:
    """
    A trace that is being written; `close` ends it, as the end of a `with` block does.

    :param path: The file. What was in it is lost; only its owner may read it.
    :raises ConfigurationError: If it cannot be written.
    """

    def __init__(self, path: str | Path) -> None:
        self.path: Path = Path(path)
        self._file: FileIO | None = _opened(self.path)
        self._users: dict[tuple[str, str], int] = {}
        self._write({"trace": "valetkey", **_surroundings()})
        self._end = listen(self._hear)

    def close(self) -> None:
        """Write what has happened so far, and close the file."""
        self._end()
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _hear(self, event: Event) -> None:
        written: dict[str, Any] = {"time": _as_text(event.time), "event": type(event).__name__}
        if event.server_url:
            written["server"] = event.server_url
            # A user is a number here: the name is nothing for a report that others read.
            written["user"] = self._users.setdefault((event.principal, event.label), len(self._users) + 1)
        if event.attempt:
            written["attempt"] = event.attempt
        named = {each.name for each in fields(Event)}
        written |= {each.name: getattr(event, each.name) for each in fields(event) if each.name not in named}
        names = [_named(name) for name in (event.principal, event.label) if name not in ("", "local", "default")]
        shown = {name: each for name, each in written.items() if each not in (None, "")}
        self._write({name: _plain(each, [] if name in _OURS else names) for name, each in shown.items()})

    def _write(self, line: Mapping[str, Any]) -> None:
        if self._file is None:
            return
        try:
            self._file.write(f"{json.dumps(line, ensure_ascii=False)}\n".encode("utf-8", "backslashreplace"))
        except OSError as error:
            _logger.warning("the trace %s ends here, it cannot be written: %s", self.path, error)
            self._close()


def trace_to(path: str | Path) -> Trace:
    """
    Write a trace of all sessions of this process into a file, as lines of JSON.

    Each request of Valetkey's own is in it with its timing, chosen header fields and the members of its bodies, and
    each event. Secrets and user names are left out, so it can be attached to a bug report.

    :param path: The file. What was in it is lost; only its owner may read it.
    :returns: The trace: a context manager, which `close()` ends too.
    :raises ConfigurationError: If the file cannot be written.
    """
    return Trace(path)


def _opened(path: Path) -> FileIO:
    try:
        return open_named(path)
    except OSError as error:
        message = f"The trace {path} cannot be written: {error.strerror or error}."
        raise ConfigurationError(message, hint="Name a file in a folder that you may write to.") from error


def _surroundings() -> dict[str, str]:
    return {
        "version": str(getattr(sys.modules.get("valetkey"), "__version__", "")),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "time": _as_text(datetime.now(UTC).timestamp()),
    }


def _as_text(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds")


def _named(name: str) -> re.Pattern[str]:
    """Find the name of a user; a short one, such as `t`, only where it is a word of its own."""
    pattern = re.escape(name)
    return re.compile(rf"(?<![^\W_]){pattern}(?![^\W_])" if len(name) < _SHORT else pattern)


def _plain(value: Any, names: list[re.Pattern[str]]) -> Any:
    """Give a value as JSON has it, without keys in paths and without the names of users."""
    if isinstance(value, str):
        for name in names:
            value = name.sub(HIDDEN, value)
        return without_keys(value)
    if isinstance(value, float):
        return round(value, 4)
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name), names) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): _plain(each, names) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each, names) for each in value]
    return value
