# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Who the user of a call is, and which names no user can have."""

import asyncio
import contextvars
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from haystack_integrations.tools.mcp_oauth import OAuthConfig, StreamableHttpServerInfo, as_user, current_user
from haystack_integrations.tools.mcp_oauth.principals import LOCAL, as_nobody, principal_of
from valetkey.errors import ConfigurationError
from valetkey.settings.names import LONGEST

URL = "https://mcp.example.com/mcp"

NO_PRINCIPALS = {
    "empty": "",
    "blank": "  ",
    "a megabyte": "a" * 2**20,
    "one too long": "a" * (LONGEST + 1),
    "a line break": "alice\nbob",
    "NUL": "alice\0",
    "invisible": "alice\u200b",
    "right to left": "\u202ealice",
    "half a character": "\ud800",
    "bytes": b"alice",
    "a number": 7,
    "None": None,
}

ODD_PRINCIPALS = [
    "a",
    "a" * LONGEST,
    'alice", "default',
    "alice\\",
    "['alice']",
    "../alice",
    "alice ",
    "Alice",
    "алиса",
    "alice@example.com|https://idp.example",
]


def principal_in(config):
    return config.to_settings(URL).principal


def test_a_visitor_who_is_not_signed_in_has_neither_a_users_session_nor_the_programs():
    with as_user("alice"), as_nobody():
        assert current_user() is None
        with pytest.raises(ConfigurationError, match=r"not signed in.*Sign in to this application"):
            principal_of(None)
        with as_user("bob"):
            assert principal_of(None) == "bob"
        assert principal_of("shared") == "shared"
    assert principal_of(None) == LOCAL


def give_dora():
    """Stand for a function of the application."""
    return "dora"


def test_a_call_is_the_users_inside_the_block_alone():
    """Row J1."""
    assert current_user() is None
    with as_user("alice"):
        assert current_user() == "alice"
        with as_user("bob"):
            assert principal_in(OAuthConfig()) == "bob"
        assert principal_in(OAuthConfig()) == "alice"
    assert current_user() is None
    assert principal_in(OAuthConfig()) == LOCAL


def test_the_block_ends_with_an_error_too():
    with pytest.raises(KeyError), as_user("alice"):
        raise KeyError
    assert current_user() is None


def test_a_user_reaches_no_other_thread_and_no_other_task():
    """Row J1. Trap 19."""

    async def of_task(user):
        with as_user(user):
            await asyncio.sleep(0)
            return current_user(), await asyncio.to_thread(current_user)

    async def of_tasks():
        return await asyncio.gather(*(of_task(user) for user in ("alice", "bob")))

    with ThreadPoolExecutor(1) as pool, as_user("carol"):
        assert asyncio.run(of_tasks()) == [("alice", "alice"), ("bob", "bob")]
        assert pool.submit(current_user).result() is None
        assert current_user() == "carol"


def test_a_generator_that_is_resumed_elsewhere_leaves_nobody_behind():
    """What is set in a run would stay set in the thread after it. Trap 19."""

    def stream():
        with as_user("alice"):
            yield current_user()
            yield current_user()

    parts = stream()
    assert contextvars.Context().run(next, parts) == "alice"
    with as_user("bob"):
        assert next(parts) == "bob"
        parts.close()
        assert current_user() == "bob"
    assert current_user() is None


@pytest.mark.parametrize(
    ("source", "expected"), [("bob", "bob"), (give_dora, "dora"), (current_user, "alice"), (None, "alice")]
)
def test_what_the_settings_name_goes_before_the_block(source, expected):
    """Row J10."""
    with as_user("alice"):
        assert principal_in(OAuthConfig(principal=source)) == expected


@pytest.mark.parametrize("principal", NO_PRINCIPALS.values(), ids=NO_PRINCIPALS)
def test_what_cannot_be_a_user_is_refused_wherever_it_comes_from(principal):
    """Row J1."""
    with pytest.raises(ConfigurationError, match="principal") as raised:
        principal_of(lambda: principal)
    assert len(str(raised.value)) < 500
    with pytest.raises(ConfigurationError), as_user(principal):
        pass
    assert current_user() is None
    if principal is not None:  # which means the user of the block
        with pytest.raises(ConfigurationError):
            OAuthConfig(principal=principal)


@pytest.mark.parametrize("principal", ODD_PRINCIPALS)
def test_a_principal_is_taken_as_it_is(principal):
    with as_user(principal):
        assert principal_in(OAuthConfig()) == principal
    assert principal_in(OAuthConfig(principal=principal)) == principal


def test_no_user_gets_the_session_of_the_program():
    """A user may have chosen the name under which the sessions of the program itself are kept. Row J1."""
    for refused in (lambda: principal_of(lambda: LOCAL), lambda: as_user(LOCAL).__enter__()):
        with pytest.raises(ConfigurationError, match="the program itself") as raised:
            refused()
        assert "user:local" in raised.value.hint
    with as_user("user:local"):
        assert principal_in(OAuthConfig()) == "user:local"
    assert principal_in(OAuthConfig(principal=LOCAL)) == LOCAL  # which whoever writes the settings may say


@pytest.mark.parametrize("principal", [None, "alice", current_user])
def test_a_principal_and_a_label_stand_in_yaml(principal):
    """Row J10."""
    config = OAuthConfig(principal=principal, label="work", login_wait=0)
    info = StreamableHttpServerInfo(url=URL, oauth_config=config)
    written = json.loads(json.dumps(info.to_dict()))
    assert StreamableHttpServerInfo.from_dict(written).oauth_config == config
    assert written["oauth_config"].get("label") == "work"


@pytest.mark.parametrize("seconds", [0, 0.0, 0.5, 20, float("inf")])
def test_a_call_may_wait_for_a_login_any_time_or_none(seconds):
    assert OAuthConfig(login_wait=seconds).login_wait == seconds


@pytest.mark.parametrize("seconds", [-1, "20", None, True, False, float("nan")])
def test_what_is_no_time_to_wait_is_refused(seconds):
    with pytest.raises(ConfigurationError, match=r"OAuthConfig\.login_wait"):
        OAuthConfig(login_wait=seconds)


def test_a_function_that_fails_is_told_without_its_words():
    """Row J1."""
    answers = iter([LookupError("canary"), "alice"])

    def name():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(ConfigurationError, match="LookupError") as raised:
        principal_of(name)
    assert "canary" not in str(raised.value)
    assert principal_of(name) == "alice"
