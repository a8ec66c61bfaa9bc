# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The error tree: what it says, what it never says."""

import copy
import inspect
import json
import pickle

import pytest
from hypothesis import given

from tests.fakes import hostile
from tests.requirements import requirement
from valetkey import errors
from valetkey.errors import (
    AuthError,
    ClientRefused,
    ConfigurationError,
    InsecureEndpoint,
    IssuerMismatch,
    LoginFailed,
    LoginRequired,
    MalformedDocument,
    Refused,
    ResourceMismatch,
    ScopeMissing,
    StateMismatch,
    StoreBusy,
    StoreError,
    StoreLocked,
    TemporaryError,
    TokenRejected,
    TrustError,
    Unsupported,
    quote,
)

CANARY = "canary-from-the-server"

ONE_OF_EACH = [
    TemporaryError("It failed.", hint="Do this.", retry_after=30.0),
    LoginRequired("It failed.", hint="Do this.", authorization_url=f"https://as.example/authorize?state={CANARY}"),
    LoginFailed("It failed.", hint="Do this.", error=CANARY),
    Refused(
        "It failed.", hint="Do this.", error=CANARY, description=CANARY, status=400, endpoint="https://as.example/token"
    ),
    ClientRefused("It failed.", hint="Do this.", error=CANARY, description=CANARY, status=401),
    TokenRejected("It failed.", hint="Do this."),
    ScopeMissing("It failed.", hint="Do this.", required=("a", CANARY), granted=("a",)),
    Unsupported("It failed.", hint="Do this.", tried=()),
    TrustError("It failed.", hint="Do this."),
    IssuerMismatch("It failed.", hint="Do this.", expected="https://as.example", received=CANARY),
    ResourceMismatch("It failed.", hint="Do this.", expected="https://mcp.example", received=CANARY),
    InsecureEndpoint("It failed.", hint="Do this.", url=CANARY),
    StateMismatch("It failed.", hint="Do this."),
    MalformedDocument("It failed.", hint="Do this.", url="https://as.example", member=CANARY),
    StoreError("It failed.", hint="Do this."),
    StoreLocked("It failed.", hint="Do this.", key_id="0a1b2c3d"),
    StoreBusy("It failed.", hint="Do this.", retry_after=1.0),
    ConfigurationError("It failed.", hint="Do this."),
]

PARENTS = {
    AuthError: Exception,
    TemporaryError: AuthError,
    LoginRequired: AuthError,
    LoginFailed: LoginRequired,
    Refused: AuthError,
    ClientRefused: Refused,
    TokenRejected: AuthError,
    ScopeMissing: AuthError,
    Unsupported: AuthError,
    TrustError: AuthError,
    IssuerMismatch: TrustError,
    ResourceMismatch: TrustError,
    InsecureEndpoint: TrustError,
    StateMismatch: TrustError,
    MalformedDocument: AuthError,
    StoreError: AuthError,
    StoreLocked: StoreError,
    StoreBusy: StoreError,
    ConfigurationError: AuthError,
}

each_error = pytest.mark.parametrize("error", ONE_OF_EACH, ids=lambda error: type(error).__name__)


def classes_of_the_module():
    return {item for _, item in inspect.getmembers(errors, inspect.isclass) if issubclass(item, Exception)}


def test_these_tests_know_every_error():
    assert {type(error) for error in ONE_OF_EACH} | {AuthError} == set(PARENTS) == classes_of_the_module()


@pytest.mark.parametrize(("child", "parent"), PARENTS.items(), ids=lambda item: item.__name__)
def test_an_error_stands_where_the_tree_says(child, parent):
    assert child.__bases__[0] is parent


@pytest.mark.parametrize("name", [error.__name__ for error in PARENTS])
def test_the_drawing_in_the_docstring_shows_every_error(name):
    assert name in (errors.__doc__ or "").replace("├─", "").replace("└─", "").split()


def test_wrong_settings_are_also_a_value_error():
    assert isinstance(ConfigurationError("It failed.", hint="Do this."), ValueError)


def test_the_base_class_cannot_be_raised_and_says_which_errors_can():
    with pytest.raises(TypeError, match="raise Refused, ConfigurationError or another error below it"):
        AuthError("It failed.", hint="Do this.")


@each_error
@pytest.mark.parametrize("attribute", ["message", "hint", "tried", "server_url"])
def test_an_error_is_not_edited_after_it_was_made(error, attribute):
    with pytest.raises(AttributeError):
        setattr(error, attribute, "something else")


@each_error
def test_a_copy_with_another_hint_differs_in_nothing_else(error):
    changed = error.with_hint("Do that.")
    assert (type(changed), changed.message, changed.hint) == (type(error), error.message, "Do that.")
    assert str(changed) == "It failed. Do that."
    assert error.hint == "Do this."
    assert vars(changed.with_hint("Do this.")) == vars(error)


@each_error
def test_a_copy_may_say_what_was_asked(error):
    changed = error.with_tried(("https://a.example: 404",))
    assert (changed.tried, error.tried) == (("https://a.example: 404",), ())
    assert str(changed) == "It failed. Do this. Asked: https://a.example: 404."
    assert str(pickle.loads(pickle.dumps(changed))) == str(changed)  # noqa: S301


MCP = "https://mcp.example/mcp"


@each_error
def test_a_copy_may_name_the_mcp_server(error):
    """Row F17."""
    changed = error.with_server(MCP)
    assert (changed.server_url, error.server_url) == (MCP, None)
    assert (str(changed), changed.message) == (f"{MCP}: It failed. Do this.", f"{MCP}: It failed.")
    assert str(pickle.loads(pickle.dumps(changed))) == str(changed)  # noqa: S301
    assert str(changed.with_server(MCP).with_hint("Do that.")) == f"{MCP}: It failed. Do that."
    assert type(changed) is type(error)


@pytest.mark.parametrize(
    "text",
    ["{} failed.", "It is {}.", "{}, which failed.", "({})", '"{}" failed.', "{}'s login failed.", "See {}: no.", "{}"],
)
@pytest.mark.parametrize(
    "url", [MCP, "https://mcp.example", "https://mcp.example/", "https://mcp.example/mcp?tenant=2"]
)
def test_a_text_that_names_the_server_already_names_it_no_second_time(text, url):
    """Row F17."""
    for error in (StoreError(text.format(url), hint="Do this."), StoreError("It failed.", hint=text.format(url))):
        assert str(error.with_server(url)) == str(error).replace("=2", "=…")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://mcp.example/mcp?api_key=canary", "https://mcp.example/mcp?api_key=…"),
        ("https://mcp.example/mcp?team=a&key=canary=&canary", "https://mcp.example/mcp?team=…&key=…&…"),
        ("https://mcp.example/?canary", "https://mcp.example/?…"),
        ("https://me:canary@mcp.example/mcp", "https://mcp.example/mcp"),
        ("https://canary@mcp.example/mcp?a=canary", "https://mcp.example/mcp?a=…"),
        ("https://mcp.example/mcp?", "https://mcp.example/mcp?"),
        ("https://[mcp.example/mcp", "https://[mcp.example/mcp"),
    ],
)
@pytest.mark.parametrize("text", ["It failed.", "{} failed."])
def test_what_may_be_a_secret_in_the_url_of_the_server_is_in_no_text(url, shown, text):
    """Row F17."""
    asked = (f"{url}: 404",)
    error = StoreError(text.format(url), hint=f"Call OAuth({url!r}).login().").with_tried(asked).with_server(url)
    told = f"{shown} failed." if "{}" in text else "It failed."
    assert error.message == told
    assert str(error) == f"{told} Call OAuth({shown!r}).login(). Asked: {shown}: 404."
    assert error.server_url == url


@pytest.mark.parametrize(
    "text", ["{}/other failed.", "{}2 failed.", "{}.json failed.", "{}?a=b failed.", "{}-b", "{}:1"]
)
def test_a_longer_url_names_another_server(text):
    """Row F17."""
    error = StoreError(text.format(MCP), hint="Do this.").with_server(MCP)
    assert str(error).startswith(f"{MCP}: {MCP}")


def test_an_error_that_a_person_was_told_about_is_completed_and_stays_the_same():
    """Rows F13, F17."""
    error = StoreError("A record in the session store is damaged.", hint="Do this.")
    error.complete(MCP, "/srv/app/store.db")
    assert str(error) == f"{MCP}: A record in the session store /srv/app/store.db is damaged. Do this."


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("The session store is locked.", "The session store /a.db is locked."),
        ("/a.db is full.", "/a.db is full."),
        ("It is full.", "It is full. The session store is /a.db."),
    ],
)
def test_an_error_about_a_store_names_it_once(message, shown):
    """Row F13."""
    error = StoreLocked(message, hint="Do this.").with_place("/a.db")
    assert (error.message, type(error)) == (shown, StoreLocked)
    assert str(error.with_place("/b.db")) == str(error) == f"{shown} Do this."
    assert str(StoreError(message, hint="Do this.").with_place("")) == f"{message} Do this."


def test_a_copy_keeps_the_cause_and_the_notes_and_gets_a_traceback_of_its_own():
    cause, error = OSError("no route"), TemporaryError("It failed.", hint="Do this.")
    with pytest.raises(TemporaryError):
        raise error from cause
    error.add_note("while connecting")
    changed = error.with_hint("Do that.")
    changed.add_note("for the second time")
    assert (changed.__cause__, changed.__suppress_context__, changed.__traceback__) == (cause, True, None)
    assert (error.__notes__, changed.__notes__) == (
        ["while connecting"],
        ["while connecting", "for the second time"],
    )


@each_error
def test_the_text_of_an_error_is_what_happened_and_what_to_do(error):
    assert str(error) == "It failed. Do this."


def test_the_text_lists_what_was_asked_and_what_came_back():
    error = Unsupported("It failed.", hint="Do this.", tried=("https://a.example: 404 text/html", "It said no."))
    assert str(error) == "It failed. Do this. Asked: https://a.example: 404 text/html; It said no."


@requirement("SEC-12")
@each_error
def test_the_text_and_representation_never_show_what_the_attributes_hold(error):
    assert CANARY not in str(error) + repr(error)


@each_error
@pytest.mark.parametrize(
    "carried",
    [
        pytest.param(copy.copy, id="copied"),
        pytest.param(copy.deepcopy, id="copied deeply"),
        pytest.param(lambda error: pickle.loads(pickle.dumps(error)), id="pickled"),  # noqa: S301
    ],
)
def test_an_error_can_leave_its_process(error, carried):
    """A process pool pickles what its workers raise; an error that cannot be unpickled breaks the pool."""
    arrived = carried(error)
    assert type(arrived) is type(error)
    assert vars(arrived) == vars(error)
    assert str(arrived) == str(error)


@requirement("GEN-7", "WWW-13")
@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        pytest.param("", '""', id="nothing"),
        pytest.param("invalid_grant", '"invalid_grant"', id="plain text"),
        pytest.param('say "yes"', r'"say \"yes\""', id="quotes"),
        pytest.param("back\\slash", r'"back\\slash"', id="a backslash"),
        pytest.param("a\r\nSet-Cookie: b", r'"a\r\nSet-Cookie: b"', id="a line break"),
        pytest.param("\x1b[2J", r'"\u001b[2J"', id="a terminal escape"),
        pytest.param("\x7f", r'"\u007f"', id="delete"),
        pytest.param("\x9b2J", r'"\u009b2J"', id="the one-byte terminal escape"),
        pytest.param("\u202eexe.gpj", r'"\u202eexe.gpj"', id="reversed writing direction"),
        pytest.param("\ud800", r'"\ud800"', id="half a surrogate pair"),
        pytest.param("https://\u0430s.example", r'"https://\u0430s.example"', id="a Cyrillic letter that looks Latin"),
        pytest.param({"code": 403}, "\"{'code': 403}\"", id="something else than text"),
    ],
)
def test_text_from_a_server_is_shown_harmlessly(text, quoted):
    assert quote(text) == quoted


def test_long_text_from_a_server_is_capped():
    assert quote("a" * 201) == '"' + "a" * 200 + '..."'
    assert quote("a" * 200) == '"' + "a" * 200 + '"'
    assert quote("abcdef", limit=3) == '"abc..."'


@requirement("GEN-7")
@given(hostile.texts)
def test_quoted_text_is_one_line_of_printable_ascii_and_stays_readable(text):
    quoted = quote(text)
    assert quoted.isascii()
    assert quoted.isprintable()
    assert json.loads(quoted) == text
