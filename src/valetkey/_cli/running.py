# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Running a command: the options that every command has, and what follows from each way in which it may end.

A command is a function whose first parameter is a `Console`; it returns an exit code, or None if all is done.
"""

import inspect
import logging
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import wraps
from pathlib import Path
from typing import Any

import typer

from valetkey._cli.console import Console
from valetkey._cli.interruption import code_of_interruption, ignore_signals, words_of_interruption
from valetkey._cli.outcome import CommandFailed, ExitCode, code_of
from valetkey._cli.parameters import AsJson, Debug, TraceFile
from valetkey._cli.written_files import require_file
from valetkey.errors import AuthError
from valetkey.errors.redaction import redacting
from valetkey.errors.texts import harmless_lines

_REPORT = "This is a fault of Valetkey. Run the command again with --debug, and report what it says."
_SHARED = (
    inspect.Parameter("json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=AsJson),
    inspect.Parameter("debug", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Debug),
    inspect.Parameter("trace", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=TraceFile),
)


def command(run: Callable[..., ExitCode | None]) -> Callable[..., None]:
    """Make of a function of ours what typer takes: the console comes from the options that every command has."""
    own = list(inspect.signature(run).parameters.values())[1:]
    names = frozenset(f"--{parameter.name.replace('_', '-')}" for parameter in own)

    @wraps(run)
    def perform(*arguments: Any, json: bool, debug: bool, trace: Path | None, **options: Any) -> None:
        console = Console(as_json=json, debug=debug, options=names)
        raise typer.Exit(end(console, lambda: run(console, *arguments, **options), trace=trace))

    signature = inspect.Signature([*own, *_SHARED])
    perform.__signature__ = signature  # type: ignore[attr-defined]
    perform.__annotations__ = {parameter.name: parameter.annotation for parameter in signature.parameters.values()}
    return perform


def end(console: Console, run: Callable[[], ExitCode | None], *, trace: Path | None = None) -> ExitCode:
    """
    Run a command to its end, with a trace if one is wanted; tell what failed, and give the exit code.

    No secret that is at hand meanwhile is in what it tells.
    """
    with redacting():
        return _ended(console, run, trace)


def _ended(console: Console, run: Callable[[], ExitCode | None], trace: Path | None) -> ExitCode:
    try:
        if console.debug:
            _show_requests()
        with _traced(trace):
            code = run()
        if sys.stdout is not None:
            sys.stdout.flush()
    except (AuthError, CommandFailed) as error:
        return _failed(console, error)
    except KeyboardInterrupt as interruption:
        ignore_signals()
        console.tell(f"\n{words_of_interruption(interruption)}")
        return code_of_interruption(interruption)
    except BrokenPipeError:
        return _closed()
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:  # noqa: BLE001 - a person gets a sentence, whatever the fault is
        return _unforeseen(console, error)
    return ExitCode.DONE if code is None else code


def _traced(path: Path | None) -> AbstractContextManager[object]:
    if path is None:
        return nullcontext()
    from valetkey.events import trace_to

    require_file(path, "trace")
    return trace_to(path)


def _failed(console: Console, error: AuthError | CommandFailed) -> ExitCode:
    if console.debug:
        console.tell(harmless_lines("".join(traceback.format_exception(error)).rstrip()))
    console.tell_failure(error.message, console.hint_of(error))
    if console.as_json:
        try:
            console.write_document({"error": console.document_of(error)})
        except BrokenPipeError:
            return _closed()
        except CommandFailed:  # an output that is full: standard error has the failure
            return code_of(error)
    return code_of(error)


def _unforeseen(console: Console, error: Exception) -> ExitCode:
    if console.debug:
        console.tell(harmless_lines("".join(traceback.format_exception(error)).rstrip()))
    return _failed(
        Console(as_json=console.as_json),
        CommandFailed(f"{type(error).__name__}: {error}", hint=_REPORT, code=ExitCode.UNFORESEEN),
    )


def _closed() -> ExitCode:
    """Let Python's own last flush go to where it fails no more."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.CLOSED_OUTPUT


def _show_requests() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Harmless("%(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("valetkey").setLevel(logging.DEBUG)


class _Harmless(logging.Formatter):
    """What other libraries log may have words of a server, as they came."""

    def format(self, record: logging.LogRecord) -> str:
        return harmless_lines(super().format(record))
