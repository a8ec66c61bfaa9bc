# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Every text of every error is safe to show, whatever a server puts into it."""

import inspect
import traceback

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.requirements import requirement
from valetkey import errors, wire
from valetkey.errors import AuthError
from valetkey.errors.causes import make_causes_harmless
from valetkey.errors.redaction import redacting
from valetkey.errors.texts import harmless_lines

PIECES = [
    "\x1b[2J\x1b]0;x\x07",
    "\x9b",
    "\x7f",
    "\0",
    "\r\n",
    "\u202e",
    "\u2066",
    "\u200b",
    "\u2028",
    "\ud800",
    "e",
    "é",
]
HOSTILE = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join)

CLASSES = [
    kind
    for module in (errors, wire)
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, AuthError) and kind is not AuthError
]


def made(kind, text):
    """Make an error with a text in every attribute that may hold one."""
    parameters = inspect.signature(kind.__init__).parameters.values()
    named = {each.name: each.annotation for each in parameters if each.kind is each.KEYWORD_ONLY}
    values = {name: (text,) * 200 if "tuple" in str(note) else text for name, note in named.items()}
    others = {"retry_after": None, "status": None, "is_json": False}
    return kind(text, **{name: others.get(name, value) for name, value in values.items()})


def texts_of(error):
    yield from (str(error), repr(error), error.message, error.hint, *error.tried)
    yield "".join(traceback.format_exception_only(error))
    for name, value in vars(error).items():
        if name != "authorization_url":
            yield from value if isinstance(value, tuple | list) else [value] if isinstance(value, str) else []


@requirement("GEN-7", "SEC-12")
@pytest.mark.parametrize("kind", set(CLASSES), ids=lambda kind: kind.__name__)
@settings(max_examples=30)
@given(piece=HOSTILE, times=st.sampled_from([1, 50, 20_000]))
def test_no_text_of_an_error_holds_what_moves_a_cursor_or_fills_a_log(kind, piece, times):
    """Row I7."""
    text = piece * times
    error = made(kind, text)
    changed = error.with_hint(text).with_tried((text,) * 50).with_server("https://mcp.example/mcp")
    changed.add_note(text)
    setattr(changed, "anything", text)  # noqa: B010 - what a subclass may hold
    for each in (error, changed):
        for shown in texts_of(each):
            assert all(line.isprintable() for line in shown.split("\n")), shown
            assert len(shown) < 20_000


@given(text=HOSTILE)
def test_a_text_that_is_harmless_stays_as_it_is(text):
    """Row I7."""
    error = made(errors.IssuerMismatch, text)
    again = errors.IssuerMismatch(error.message, hint=error.hint, expected=error.expected, received=error.received)
    assert vars(again) == vars(error) | {"_tried": ()}


def test_the_link_to_open_stays_whole():
    link = "https://as.example/authorize?state=" + "x" * 5000
    assert errors.LoginRequired("It waits.", hint="Log in.", authorization_url=link).authorization_url == link


def test_an_error_that_stands_behind_itself_is_made_harmless_once():
    """Row I7."""
    first, second = ValueError("\x1b[2J", 1, b"\x1b"), OSError(2, "no\x07")
    first.__cause__, second.__context__ = second, first
    error = errors.TemporaryError("It failed.", hint="Try again.")
    error.__cause__ = first
    make_causes_harmless(error)
    assert first.args == ("\\u001b[2J", 1, "b'\\x1b'")
    assert second.args == (2, "no\\u0007")


@pytest.mark.parametrize(
    "cause",
    [
        OSError(2, "no\x07", "/x\x1b"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "it is\x1b[2J"),
        ImportError("no\u202e"),
        ExceptionGroup("several", [ValueError("no\x1b"), OSError(1, "no\x07")]),
    ],
    ids=lambda cause: type(cause).__name__,
)
def test_no_text_of_an_error_behind_another_one_moves_a_cursor(cause):
    """Row I7."""
    cause.add_note("It said \x1b[2J.")
    error = errors.TemporaryError("It failed.", hint="Try again.")
    error.__cause__ = cause
    make_causes_harmless(error)
    assert "".join(traceback.format_exception(error)).replace("\n", "").isprintable()


def test_lines_are_made_harmless_one_by_one_and_whole():
    with redacting("sesame-open-1234"):
        shown = harmless_lines("a\tsesame-open-1234\n\x1b[2J\u202e\r\x0b\n" + "\x00" * 3000)
    assert shown == "a    …\n\\u001b[2J\\u202e\\r\\u000b\n" + "\\u0000" * 3000
