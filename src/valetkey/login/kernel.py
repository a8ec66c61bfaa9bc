# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Asking the person in front of a notebook: `input()` of the Jupyter kernel that runs this program."""

import contextvars
import ctypes
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from valetkey.login.line_reading import Stopped
from valetkey.login.prompt import print_text

_LOOK_SECONDS = 0.05
"""Seconds between two looks whether the reading is to be stopped."""


class _Abandoned(BaseException):
    """Ends a thread that waits for the answer of a frontend."""


def kernel_input() -> Callable[[str], str] | None:
    """Give the kernel's `input`; None without a kernel, and where its frontend takes none (papermill, nbconvert)."""
    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive is not None else None
    kernel: Any = getattr(shell, "kernel", None)
    if kernel is None or not getattr(kernel, "_allow_stdin", False):
        return None
    ask: Callable[[str], str] = kernel.raw_input
    return ask


def read_kernel(question: str, stopped: threading.Event) -> str:
    """
    Ask in the notebook, below the cell that runs.

    The kernel's `input` cannot be stopped and would take the answer to the program's next `input()`. It waits in short
    steps, so its thread is ended with an exception.
    """
    ask = kernel_input()
    if ask is None:
        raise EOFError
    print_text(question)  # the box that a frontend opens has room for a few words
    answers: list[str | BaseException] = []
    context = contextvars.copy_context()  # holds the cell that the question belongs to (ipykernel 7)

    def run() -> None:
        try:
            answers.append(context.run(ask, "Address: "))
        except _Abandoned:
            pass
        except BaseException as error:  # noqa: BLE001 - the reader gets it
            answers.append(error)

    thread = threading.Thread(target=run, name="valetkey-kernel-input", daemon=True)
    thread.start()
    while thread.is_alive():
        if stopped.is_set():
            _abandon(thread)
            raise Stopped
        thread.join(_LOOK_SECONDS)
    if not answers or not isinstance(answers[0], str):
        raise EOFError from (answers[0] if answers and isinstance(answers[0], BaseException) else None)
    return answers[0]


def _abandon(thread: threading.Thread) -> None:
    while thread.is_alive():
        with suppress(SystemError):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(_Abandoned))
        thread.join(_LOOK_SECONDS)
