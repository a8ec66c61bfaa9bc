# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A person in front of a terminal in which a program of a test runs."""

import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Mapping
from textwrap import dedent
from types import TracebackType
from typing import Self

_IN_ITS_TERMINAL = """
import fcntl, signal, termios
fcntl.ioctl(2, termios.TIOCSCTTY, 0)  # Ctrl-C reaches the program, and what is typed is its input
signal.signal(signal.SIGINT, signal.default_int_handler)
"""
NO_BROWSER = {"BROWSER": "", "DISPLAY": "", "WAYLAND_DISPLAY": "", "WSL_DISTRO_NAME": "", "SSH_CONNECTION": ""}


class Terminal:
    """
    A program in a terminal of its own, while the context is open.

    :param code: What it runs; `arguments` are in its `sys.argv[1:]`.
    :param environment: Variables on top of this process's own, which has no browser.
    """

    def __init__(self, code: str, *arguments: object, environment: Mapping[str, str] | None = None) -> None:
        paths = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        ours, theirs = pty.openpty()
        self._ours: int | None = ours
        self.shown = ""
        self.process = subprocess.Popen(
            [sys.executable, "-c", _IN_ITS_TERMINAL + dedent(code), *map(str, arguments)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env={**os.environ, **NO_BROWSER, **paths, **(environment or {})},
        )
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        self.closes()

    def sees(self, pattern: str) -> str:
        """
        Read until a text is shown.

        :param pattern: A regular expression.
        :returns: Its first group, or all that it matches.
        """
        while (found := re.search(pattern, self.shown)) is None:
            try:
                read = os.read(self._ours, 4096)
            except OSError:
                read = b""
            assert read, f"the program has ended, and has not shown {pattern!r}:\n{self.shown}"
            self.shown += read.decode().replace("\r\n", "\n")
        return found[found.re.groups and 1]

    def types(self, text: str) -> None:
        """
        Type.

        :param text: What; a line ends with a line break.
        """
        os.write(self._ours, text.encode())

    def echoes(self) -> bool:
        """
        Look whether the terminal shows what is typed.

        :returns: False while a program asks for a secret.
        """
        return bool(termios.tcgetattr(self._ours)[3] & termios.ECHO)

    def closes(self) -> None:
        """Close the window: the program gets SIGHUP, and cannot write any more."""
        if self._ours is not None:
            os.close(self._ours)
            self._ours = None
