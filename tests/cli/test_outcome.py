# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How a command ends: the exit code of each error, and what a person and a program read of it."""

import inspect

import pytest

from valetkey import errors
from valetkey._cli.outcome import MEANINGS, CommandFailed, ExitCode, code_of, document_of
from valetkey.errors import (
    AuthError,
    ClientRefused,
    ConfigurationError,
    IssuerMismatch,
    LoginFailed,
    LoginRequired,
    Refused,
    StoreBusy,
    StoreLocked,
    TemporaryError,
    Unsupported,
)

RAISED = sorted(
    (item for item in vars(errors).values() if inspect.isclass(item) and issubclass(item, AuthError)),
    key=lambda item: item.__name__,
)


def made(kind, **details):
    error = kind.__new__(kind, "what", **details)
    AuthError.__init__(error, "what", hint="Do this.")
    return error


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (TemporaryError, 75),
        (StoreBusy, 75),
        (LoginRequired, 3),
        (LoginFailed, 3),
        (Refused, 4),
        (ClientRefused, 4),
        (Unsupported, 7),
        (IssuerMismatch, 8),
        (StoreLocked, 10),
        (ConfigurationError, 2),
    ],
)
def test_the_exit_code_says_what_to_do_next(kind, code):
    assert code_of(made(kind)) == code


@pytest.mark.parametrize("kind", [kind for kind in RAISED if kind is not AuthError])
def test_every_error_has_an_exit_code_of_its_own_kind(kind):
    assert code_of(made(kind)) not in (ExitCode.DONE, ExitCode.UNFORESEEN)


def test_every_exit_code_is_explained():
    assert set(MEANINGS) == set(ExitCode)


def test_a_document_of_an_error_has_what_a_person_would_read():
    document = document_of(TemporaryError("busy", hint="Wait.", retry_after=5.0))
    assert document == {
        "type": "TemporaryError",
        "message": "busy",
        "hint": "Wait.",
        "server_url": None,
        "tried": [],
        "retry_after": 5.0,
        "exit_code": 75,
    }


def test_a_failure_escapes_the_words_of_a_server():
    failure = CommandFailed("it said \x1b[2J", hint="Look.")
    assert "\x1b" not in failure.message
    assert document_of(failure) == {
        "type": "CommandFailed",
        "message": failure.message,
        "hint": "Look.",
        "exit_code": 11,
    }
