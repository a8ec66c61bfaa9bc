# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Another Python process that runs a piece of this test, and talks with it line by line."""

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from textwrap import dedent
from types import TracebackType
from typing import Any, Self

from tests.fakes.threads import LONGEST_WAIT, in_background

_HEARS_CONTROL_C = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
"""A shell ignores SIGINT for what it starts in the background, and so do the children of such a program."""


class Child:
    """
    A process while the context is open. Control-C reaches it, whatever this process does with it.

    :param code: What it runs; `arguments` are in its `sys.argv[1:]`.
    :param arguments: They.
    :param environment: Variables on top of this process's own.
    """

    def __init__(self, code: str, *arguments: object, environment: Mapping[str, str] | None = None) -> None:
        paths = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", _HEARS_CONTROL_C + dedent(code), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **paths, **(environment or {})},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def hear(self) -> str:
        """
        Wait for a line.

        :returns: What the child has printed.
        """
        line = self.process.stdout.readline().rstrip("\n")
        if not line and self.process.wait(LONGEST_WAIT) != 0:
            raise AssertionError(self.process.stderr.read())
        return line

    def tell(self, line: str = "") -> None:
        """
        Send a line.

        :param line: What the child reads.
        """
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self.process.kill()
        self.process.wait(LONGEST_WAIT)

    def end(self) -> tuple[int, str, str]:
        """
        Wait for its end.

        :returns: Its exit code and what it still wrote to standard output and standard error.
        """
        output, errors = rest_of(self.process)
        return self.process.returncode, output, errors

    def succeed(self) -> str:
        """
        Wait for its good end.

        :returns: What it still wrote to standard output.
        """
        code, output, errors = self.end()
        assert code == 0, errors
        return output


def rest_of(process: "subprocess.Popen[Any]") -> tuple[Any, Any]:
    """
    Wait for the end of a process whose lines were read; `communicate` loses those that were read ahead.

    :param process: Its standard input is closed, unless that was done.
    :returns: What it still wrote to standard output and standard error; None for one that is no pipe any more.
    """
    reading = [pipe and in_background(pipe.read) for pipe in (process.stdout, process.stderr)]
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.close()
    output, errors = (each and each.result(LONGEST_WAIT) for each in reading)
    process.wait(LONGEST_WAIT)
    return output, errors
