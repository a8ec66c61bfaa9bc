# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A service that names no user is told so once, and nobody else is."""

import pytest

from haystack_integrations.tools.mcp_oauth._accounts import unnamed_users
from haystack_integrations.tools.mcp_oauth._accounts.unnamed_users import UnnamedUsers, serves_requests
from haystack_integrations.tools.mcp_oauth.principals import LOCAL

URL = "https://mcp.example.com/mcp"


class Call:
    """The access that a call has used."""

    def __init__(self, principal=LOCAL, source=None, *, is_of_a_person=True):
        self.principal, self.principal_source, self.is_of_a_person = principal, source, is_of_a_person


def warnings_after(caplog, *calls):
    users = UnnamedUsers(URL)
    for each in calls:
        users.note(each)
    return [record.getMessage() for record in caplog.records]


@pytest.fixture
def served(monkeypatch):
    monkeypatch.setattr(unnamed_users, "serves_requests", lambda: True)


@pytest.mark.usefixtures("served")
def test_a_service_whose_calls_name_nobody_is_warned_once(caplog):
    """Row J1."""
    (warning,) = warnings_after(caplog, *[Call()] * 40)
    assert URL in warning
    assert "as_user(…)" in warning


def test_calls_with_a_user_and_without_one_are_warned_about_wherever_they_run(caplog):
    """Row J1."""
    (warning,) = warnings_after(caplog, Call(), Call("alice"), Call(), Call())
    assert "serves users by name" in warning


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize(
    "call", [Call("alice"), Call(source=LOCAL), Call("bob", len), Call(is_of_a_person=False)], ids=lambda _: ""
)
def test_who_names_users_or_needs_none_is_not_warned(caplog, call):
    """Row J1."""
    assert warnings_after(caplog, *[call] * 4) == []


def test_a_script_is_not_warned(caplog):
    assert warnings_after(caplog, *[Call()] * 40) == []


def test_a_web_server_is_seen_by_its_function_on_the_stack_of_a_thread():
    """Row J1."""
    assert not serves_requests()
    names = {"__name__": "uvicorn.server"}
    exec("def serve(look): return look()", names)  # noqa: S102 - a function of a module with this name
    assert names["serve"](serves_requests)
