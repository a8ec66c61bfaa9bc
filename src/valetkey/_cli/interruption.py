# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The signals that end a command: SIGTERM and SIGHUP lose no more than Ctrl-C, and have exit codes of their own."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from valetkey._cli.outcome import ExitCode

_CODES = {"SIGTERM": ExitCode.TERMINATED, "SIGHUP": ExitCode.HUNG_UP}
_WORDS = {ExitCode.TERMINATED: "Ended by SIGTERM.", ExitCode.HUNG_UP: "The terminal was closed."}


class Interrupted(KeyboardInterrupt):
    """A signal other than Ctrl-C: what ends in good order with Ctrl-C does so with this one, too."""

    def __init__(self, code: ExitCode) -> None:
        super().__init__()
        self.code = code


def code_of_interruption(interruption: KeyboardInterrupt) -> ExitCode:
    """Give the exit code: 128 and the number of the signal, as a shell says it."""
    return interruption.code if isinstance(interruption, Interrupted) else ExitCode.INTERRUPTED


def words_of_interruption(interruption: KeyboardInterrupt) -> str:
    """Say in one line what has ended the command."""
    return _WORDS.get(code_of_interruption(interruption), "Interrupted.")


def hear_signals() -> None:
    """Let SIGTERM and the end of a terminal raise in the main thread; one that the parent has ignored stays ignored."""
    for number in _numbers():
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _interrupt)


def ignore_signals() -> None:
    """
    Ignore both while a process ends that hears them: it waits for an answer with a new token, which has a time limit.

    A terminal that is closed sends SIGHUP, and so does its shell.
    """
    for number in _numbers():
        if signal.getsignal(number) is _interrupt:
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def cancelling_task() -> Iterator[None]:
    """
    Cancel this task when one of both signals comes, so that its event loop ends in good order; then raise.

    asyncio does the same for Ctrl-C.
    """
    import asyncio

    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    came: list[ExitCode] = []

    def cancel(number: int, _frame: FrameType | None) -> None:
        came.append(_CODES[signal.Signals(number).name])
        if task is not None:
            loop.call_soon_threadsafe(task.cancel)

    heard = [number for number in _numbers() if signal.getsignal(number) is _interrupt]
    for number in heard:
        signal.signal(number, cancel)
    try:
        yield
    except BaseException:
        if came:
            raise Interrupted(came[0]) from None
        raise
    finally:
        for number in heard:
            signal.signal(number, _interrupt)


def _numbers() -> list[signal.Signals]:
    return [number for name in _CODES if (number := getattr(signal, name, None)) is not None]


def _interrupt(number: int, _frame: FrameType | None) -> None:
    raise Interrupted(_CODES[signal.Signals(number).name])
