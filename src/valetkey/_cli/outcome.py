# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a command ends with: one exit code for each kind of error, and the two lines that a person reads."""

from collections.abc import Mapping
from enum import IntEnum

from valetkey._cli.wording import for_commands
from valetkey.errors import (
    AuthError,
    ConfigurationError,
    LoginFailed,
    LoginRequired,
    MalformedDocument,
    Refused,
    ScopeMissing,
    StoreError,
    TemporaryError,
    TokenRejected,
    TrustError,
    Unsupported,
)
from valetkey.errors.texts import harmless


class ExitCode(IntEnum):
    """The exit codes of all commands. They are public: scripts decide by them."""

    DONE = 0
    UNFORESEEN = 1
    USAGE = 2
    LOGIN = 3
    REFUSED = 4
    TOKEN_REJECTED = 5
    SCOPE_MISSING = 6
    UNSUPPORTED = 7
    TRUST = 8
    MALFORMED = 9
    STORE = 10
    SERVER = 11
    LATER = 75  # EX_TEMPFAIL of sysexits.h
    HUNG_UP = 129  # 128 + SIGHUP
    INTERRUPTED = 130  # 128 + SIGINT, as a shell says it
    CLOSED_OUTPUT = 141  # 128 + SIGPIPE
    TERMINATED = 143  # 128 + SIGTERM


MEANINGS: Mapping[ExitCode, str] = {
    ExitCode.DONE: "done",
    ExitCode.UNFORESEEN: "an error that Valetkey did not foresee",
    ExitCode.USAGE: "the command or its settings are wrong",
    ExitCode.LOGIN: "a person has to log in, or the login did not succeed",
    ExitCode.REFUSED: "the authorization server said no",
    ExitCode.TOKEN_REJECTED: "the MCP server rejects a token that was just issued",
    ExitCode.SCOPE_MISSING: "the MCP server wants more scope than was granted",
    ExitCode.UNSUPPORTED: "the server cannot do what a login needs",
    ExitCode.TRUST: "a check of identity failed",
    ExitCode.MALFORMED: "an answer that cannot be read",
    ExitCode.STORE: "the session store cannot be used",
    ExitCode.SERVER: "the MCP server, or a tool of it, answered with an error",
    ExitCode.LATER: "nothing is lost; try again later",
    ExitCode.HUNG_UP: "the terminal was closed (SIGHUP)",
    ExitCode.INTERRUPTED: "interrupted with Ctrl-C",
    ExitCode.CLOSED_OUTPUT: "the program that reads the output has closed it",
    ExitCode.TERMINATED: "ended by SIGTERM",
}
"""What each exit code says, for help and documentation."""

_CODES: tuple[tuple[type[AuthError], ExitCode], ...] = (
    (TemporaryError, ExitCode.LATER),  # before StoreError: StoreBusy is both
    (LoginRequired, ExitCode.LOGIN),
    (LoginFailed, ExitCode.LOGIN),
    (TokenRejected, ExitCode.TOKEN_REJECTED),
    (ScopeMissing, ExitCode.SCOPE_MISSING),
    (Refused, ExitCode.REFUSED),
    (Unsupported, ExitCode.UNSUPPORTED),
    (TrustError, ExitCode.TRUST),
    (MalformedDocument, ExitCode.MALFORMED),
    (StoreError, ExitCode.STORE),
    (ConfigurationError, ExitCode.USAGE),
)


class CommandFailed(Exception):
    """
    A failure that is no error of a login: of the MCP server, of a tool, or of what was typed.

    The message may have foreign parts, which are escaped and cut; the hint says the one thing to do.
    """

    def __init__(self, message: str, *, hint: str, code: ExitCode = ExitCode.SERVER) -> None:
        super().__init__(harmless(message))
        self.message = harmless(message)
        self.hint = hint
        self.code = code


def code_of(error: AuthError | CommandFailed) -> ExitCode:
    """Give the exit code of an error: the first row of the table that it belongs to."""
    if isinstance(error, CommandFailed):
        return error.code
    return next((code for kind, code in _CODES if isinstance(error, kind)), ExitCode.UNFORESEEN)


def document_of(error: AuthError | CommandFailed) -> dict[str, object]:
    """Describe an error for `--json`."""
    document: dict[str, object] = {
        "type": type(error).__name__,
        "message": error.message,
        "hint": for_commands(error.hint),
    }
    if isinstance(error, AuthError):
        document["server_url"] = error.server_url
        document["tried"] = list(error.tried)
    if isinstance(error, TemporaryError):
        document["retry_after"] = error.retry_after
    return {**document, "exit_code": int(code_of(error))}
