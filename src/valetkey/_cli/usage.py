# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What is told where a command cannot be read at all: with `--json` it is one document too."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from valetkey._cli.console import Console
from valetkey._cli.interruption import code_of_interruption
from valetkey._cli.outcome import CommandFailed, ExitCode, document_of

_UsageError: Any = typer.BadParameter.__mro__[1]  # click's own, which typer has under no name of its own


class Commands(TyperGroup):
    """The commands; a wrong option or a missing argument is told as any other error is."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read what stands before the name of the command."""
        ctx.meta[__name__] = "--json" in args[: args.index("--")] if "--" in args else "--json" in args
        try:
            with _own_exit_codes():
                return super().parse_args(ctx, args)
        except _UsageError as error:
            _tell(ctx, error)
            raise

    def invoke(self, ctx: Any) -> Any:
        """Run the command that is named."""
        try:
            with _own_exit_codes():
                return super().invoke(ctx)
        except _UsageError as error:
            _tell(ctx, error)
            raise


@contextmanager
def _own_exit_codes() -> Iterator[None]:
    """Before a command has begun, and when it has ended, a signal would have the code of an error."""
    try:
        yield
    except KeyboardInterrupt as interruption:
        raise typer.Exit(code_of_interruption(interruption)) from None


def _tell(context: Any, error: Any) -> None:
    """Write the document; typer writes the sentence to standard error, and ends the process."""
    at = error.ctx or context
    if not context.meta[__name__] or at.info_name == "bridge":  # whose output is for its protocol alone
        return
    failure = CommandFailed(error.format_message(), hint=f"See: {at.command_path} --help", code=ExitCode.USAGE)
    try:
        Console(as_json=True).write_document({"error": document_of(failure)})
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        raise typer.Exit(ExitCode.CLOSED_OUTPUT) from None
