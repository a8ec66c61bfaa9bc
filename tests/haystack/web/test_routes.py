# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What the callback says of each way in which a login can go wrong, with logins that go wrong as a test says."""

from dataclasses import dataclass, field

import pytest

from haystack_integrations.tools.mcp_oauth.web.connections import Connections
from haystack_integrations.tools.mcp_oauth.web.form_tokens import FormTokens
from haystack_integrations.tools.mcp_oauth.web.middleware import LoginMiddleware
from haystack_integrations.tools.mcp_oauth.web.routes import Routes
from tests.fakes.world import a_session
from tests.haystack.web.asking import PUBLIC, ask
from tests.haystack.web.place import greets, user_of
from valetkey._adapters.framework import LoginOver
from valetkey.errors import (
    ConfigurationError,
    LoginFailed,
    LoginRequired,
    StateMismatch,
    StoreBusy,
    StoreError,
    TemporaryError,
)
from valetkey.login import PendingLogin
from valetkey.store.backends.memory import MemoryStore

CALLBACK = "/mcp-oauth/callback?code=canary-code&state=canary-state"
LOGIN = PendingLogin(
    id="x",
    server_url="https://mcp.example.com/mcp",
    issuer="https://as.example.com",
    principal="alice",
    label="default",
    link=f"{PUBLIC}/mcp-oauth/start/x",
    authorization_url="https://as.example.com/authorize",
    redirect_uri=f"{PUBLIC}/mcp-oauth/callback",
    ends_at=2e9,
)


@dataclass
class Logins:
    """One login that waits, and what becomes of it."""

    error: Exception | None = None
    completed: list[str] = field(default_factory=list)

    def find(self, login_id):
        return LOGIN

    def of_answer(self, callback_url):
        return LOGIN

    def complete(self, callback_url, principal):
        self.completed.append(callback_url)
        if self.error is not None:
            raise self.error
        return a_session()


class FullLists(Connections):
    """A list that cannot be written."""

    def note(self, login, session):
        message = "The store is full."
        raise StoreError(message, hint="Make room.")


def app_with(logins, connections=Connections):
    routes = Routes(PUBLIC, logins, connections(MemoryStore(), [], PUBLIC), FormTokens(MemoryStore()), None)
    return LoginMiddleware(greets, routes, user_of)


@pytest.mark.parametrize(
    ("error", "status", "heading", "words"),
    [
        (LoginFailed("declined.", hint="h", error="access_denied"), 400, "You are not connected", "declined"),
        (LoginFailed("as said: x.", hint="Do y."), 400, "The login did not work", "Do y."),
        (LoginOver("The answer has come before.", hint="x"), 410, "This link is over", "See whether you are connected"),
        (LoginRequired("A person is needed.", hint="Do y."), 502, "The login did not work", "Do y."),
        (StateMismatch("Another state.", hint="Do y."), 403, "This answer does not count", "Do y."),
        (TemporaryError("as is away.", hint="Try later."), 503, "Not now", "Try later."),
        (StoreError("redis://canary is away.", hint="Start canary."), 503, "Not now", "Try again in a moment."),
        (StoreBusy("canary is busy.", hint="canary"), 503, "Not now", "Try again in a moment."),
        (ConfigurationError("It needs a key.", hint="Do y."), 502, "The login did not work", "Do y."),
        (RuntimeError("canary"), 503, "Not now", "did not foresee"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_an_error_is_a_page_that_says_what_to_do_and_shows_nothing_secret(error, status, heading, words):
    told = ask(app_with(Logins(error)), CALLBACK, user="alice")
    assert (told.status, told.heading) == (status, heading)
    assert words in told.text
    assert "canary" not in told.text


def test_a_login_that_begins_anew_because_the_server_did_not_accept_it_has_a_new_link():
    link = f"{PUBLIC}/mcp-oauth/start/new"
    error = LoginRequired("It has to be asked in another way.", hint="Open the link.", authorization_url=link)
    told = ask(app_with(Logins(error)), CALLBACK, user="alice")
    assert (told.status, told.heading) == (400, "One more time")
    assert f'href="{link}"' in told.text


def test_a_login_counts_although_its_server_cannot_be_put_onto_the_list():
    done = ask(app_with(Logins(), FullLists), CALLBACK, user="alice")
    assert (done.status, done.location) == (303, f"{PUBLIC}/mcp-oauth/")


def test_an_answer_goes_on_as_it_came_and_without_the_mark_of_our_own_page():
    for target in (CALLBACK, f"{CALLBACK}&mcp-oauth-again=1"):
        logins = Logins(TemporaryError("x", hint="y"))
        ask(app_with(logins), target, user="alice")
        assert logins.completed == [f"{PUBLIC}{CALLBACK}"]
