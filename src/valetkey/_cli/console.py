# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The two streams of a command: results go to standard output, and all else that a person reads to standard error.

Rich is loaded when a table, a colour or a sign of progress is first needed.
"""

import json
import os
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from valetkey._cli.outcome import CommandFailed, ExitCode, document_of
from valetkey._cli.wording import for_command, for_commands
from valetkey.errors.copies import without_secrets
from valetkey.errors.texts import harmless

if TYPE_CHECKING:
    from rich.console import Console as RichConsole
    from rich.console import RenderableType

    from valetkey.errors import AuthError


@dataclass
class Console:
    """
    Where a command writes; `as_json` if the result is one JSON document, `debug` if errors show their traceback.

    `options` are those of the command, so that a hint names none that it does not have.
    """

    as_json: bool = False
    debug: bool = False
    options: Collection[str] | None = None

    @cached_property
    def output(self) -> "RichConsole":
        """Standard output, for what a table or a colour makes easier to read. Foreign text is no markup here."""
        from rich.console import Console as RichConsole

        class Output(RichConsole):
            def on_broken_pipe(self) -> None:
                raise BrokenPipeError  # `running` says what follows; rich would end the process with code 1

        return Output(file=sys.stdout, markup=False, highlight=False, emoji=False)

    @cached_property
    def messages(self) -> "RichConsole":
        """Standard error, in the same way."""
        from rich.console import Console as RichConsole

        return RichConsole(file=sys.stderr, markup=False, highlight=False, emoji=False)

    def result(self, document: object, shown: "RenderableType") -> None:
        """Write the result: the document with `--json`, and else what a person reads."""
        if self.as_json:
            self.write_document(document)
        elif isinstance(shown, str):
            self.write(shown)
        else:
            with _writing():
                self.output.print(shown)

    def write_document(self, document: object) -> None:
        """Write one JSON document to standard output."""
        self.write(_printable(json.dumps(document, indent=2, ensure_ascii=not _writes_unicode())))

    def write(self, text: str) -> None:
        """Write a text to standard output as it is: no line is folded, for the reader may be a program."""
        with _writing():
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()

    def tell(self, text: str) -> None:
        """Tell the person something beside the result, on standard error."""
        with suppress(OSError, ValueError, AttributeError):  # a closed stream: there is nothing more to tell anyone
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()

    def tell_activity(self, text: str) -> None:
        """Tell a person at a terminal what the command does now; a log gets nothing."""
        if not self.as_json and self._is_lively():
            self.tell(text)

    def hint_of(self, error: "AuthError | CommandFailed") -> str:
        """Give what an error says to do, in the words of this command."""
        if self.options is None:
            return for_commands(error.hint)
        url = getattr(error, "server_url", None)
        return for_command(error.hint, self.options, "URL" if url is None else harmless(without_secrets(url, url)))

    def document_of(self, error: "AuthError | CommandFailed") -> dict[str, object]:
        """Describe an error for `--json`."""
        return {**document_of(error), "hint": self.hint_of(error)}

    def tell_failure(self, message: str, hint: str) -> None:
        """Tell what happened in one line, and what to do in another."""
        self.tell(f"{self._red('Error:')} {harmless(message)}")
        self.tell(harmless(hint))

    @contextmanager
    def progress(self, text: str, *, if_so: bool = True) -> Iterator[None]:
        """Show on a terminal that the command is at work; elsewhere, and with `--json`, nothing is shown."""
        if not if_so or self.as_json or not self._is_lively():
            yield
            return
        status = self.messages.status(harmless(text))
        status.start()
        try:
            yield
        finally:
            with suppress(OSError):  # the terminal is closed
                status.stop()

    def _is_lively(self) -> bool:
        return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM", "") not in ("", "dumb")

    def _red(self, text: str) -> str:
        is_plain = os.environ.get("NO_COLOR") or not self._is_lively()
        return text if is_plain else f"\x1b[31m{text}\x1b[0m"


@contextmanager
def _writing() -> Iterator[None]:
    """Write to standard output inside: a full one is a failure; where it is closed, the reading program has ended."""
    if sys.stdout is None:  # it was closed before this program began
        raise BrokenPipeError
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        message = f"The result cannot be written: {error.strerror}."
        raise CommandFailed(message, hint="Write it to another place.", code=ExitCode.UNFORESEEN) from error


def _printable(document: str) -> str:
    """JSON leaves the control characters from 0x7F on as they are, and those that turn the direction of a text."""
    if document.replace("\n", "").isprintable():
        return document
    return "".join(each if each.isprintable() or each == "\n" else json.dumps(each)[1:-1] for each in document)


def _writes_unicode() -> bool:
    return str(getattr(sys.stdout, "encoding", "")).lower().replace("-", "") == "utf8"
