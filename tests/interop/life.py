# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The life of a session, step by step. Every step begins with an empty store and is a column of the table."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.interop.profile import Profile
from tests.interop.user import PersonAtAnotherDevice, User, accepts_refresh_token, register_by_hand
from tests.servers import free_port
from tests.servers.process import HOST
from valetkey._cli.doctor.findings import Mark
from valetkey.errors import LoginFailed
from valetkey.values import MetadataSource

_REAL_WARNINGS = frozenset({"issuer_differs_by_slash", "method_needs_secret", "iss_absent", "revocation_absent"})
"""What the doctor has to say about these servers, and each of them is true of some."""

_RENEWED = [("refresh", "200")]


@dataclass(frozen=True)
class Step:
    """
    A step.

    :param name: What it is called, in a column and in `Profile.missing` and `Running.settings`.
    :param meaning: What was seen if it succeeded: a sentence for the table's legend.
    :param check: Does it.
    """

    name: str
    meaning: str
    check: Callable[[User], None]


def every_step(*profiles: Profile) -> pytest.MarkDecorator:
    """
    Make one test of each step that a server offers.

    :param profiles: The servers.
    :returns: The decorator of a test with the parameters `profile` and `step`.
    """
    names = {step.name for step in STEPS}
    for profile in profiles:
        assert set(profile.missing) <= names, f"{profile.name} misses steps that do not exist"
    cells = [
        pytest.param(profile, step, id=f"{profile.name}-{step.name}".replace(" ", "_"))
        for profile in profiles
        for step in STEPS
        if step.name not in profile.missing
    ]
    return pytest.mark.parametrize(("profile", "step"), cells)


def _discovery(user: User) -> None:
    user.visit()
    server = user.session.server
    assert (server.issuer, server.source) == (user.server.issuer, MetadataSource.DISCOVERED)


def _registration(user: User) -> None:
    assert user.visit().did("registration")[-1:] in (["201"], ["200"])
    assert user.session.client.registered
    assert user.session.client.issuer == user.server.issuer


def _login(user: User) -> None:
    visit = user.visit()
    assert (visit.did("login"), visit.did("code"), user.logins) == (["answered"], ["200"], 1)


def _declined(user: User) -> None:
    user.declines()
    with pytest.raises(LoginFailed, match="access_denied"):
        user.auth.engine.replace(None)
    assert user.logins == 1
    assert user.auth.engine.session is None


def _call(user: User) -> None:
    first = user.visit()
    second = user.visit()
    assert (second.answer, second.exchanges, user.logins) == (first.answer, [], 1)


def _restart(user: User) -> None:
    first = user.visit()
    later = user.visit_after_restart()
    assert (later.answer, later.exchanges, user.logins) == (first.answer, [], 1)


def _refresh(user: User) -> None:
    user.visit()
    before = user.session.token
    user.server.reject_tokens()
    assert (user.visit().summary, user.logins) == (_RENEWED, 1)
    assert user.session.token.access_token != before.access_token


def _rotation(user: User) -> None:
    user.visit()
    refresh_tokens = {user.session.token.refresh_token}
    for _ in range(2):
        user.server.reject_tokens()
        assert user.visit().summary == _RENEWED
        refresh_tokens.add(user.session.token.refresh_token)
    assert (len(refresh_tokens), user.logins) == (3, 1)
    assert accepts_refresh_token(user.session)  # so that a refusal of the same question means something elsewhere


def _dead_refresh_token(user: User) -> None:
    user.visit()
    if user.server.end_sessions is not None:
        user.server.end_sessions()
    else:  # the same session, ended from another computer
        result = user.new_auth(store=user.copy_of_store()).engine.logout()
        assert result.revoked, result.problem
    user.server.reject_tokens()
    visit = user.visit()
    assert visit.did("refresh") != []
    assert "200" not in visit.did("refresh")
    assert (visit.did("code"), user.logins) == (["200"], 2)


def _logout(user: User) -> None:
    user.visit()
    session = user.session
    result = user.auth.engine.logout()
    assert (result.existed, result.revoked, result.problem) == (True, True, None)
    assert not accepts_refresh_token(session)
    assert user.new_auth().engine.current() is None


def _doctor(user: User) -> None:
    report = user.examined_by_doctor()
    marks = {step.key: step.mark for step in report.steps}
    assert report.verdict.is_good, report.verdict
    assert Mark.FAULT not in marks.values(), marks
    assert all(marks[key] is not Mark.SKIPPED for key in ("rejection", "resource", "server", "pkce", "client", "scope"))
    warned = {each.kind.code for step in report.steps for each in step.findings if each.worth is Mark.WARNING}
    assert warned <= _REAL_WARNINGS, warned - _REAL_WARNINGS
    assert user.logins == 0


def _client_by_hand(user: User) -> None:
    client = register_by_hand(user.server.issuer, redirect_uri=f"http://{HOST}:{free_port()}/callback")
    user.auth = user.new_auth(**client)
    visit = user.visit()
    # A server of the MCP Python SDK refuses the client at first, for it wants the client's id outside the header too.
    assert (visit.did("registration"), visit.did("code")[-1:], user.logins) == ([], ["200"], 1)
    assert user.session.client.client_id == client["client_id"]
    user.server.reject_tokens()
    assert (user.visit().summary, user.logins) == (_RENEWED, 1)


def _client_document(user: User) -> None:
    visit = user.visit()
    assert (visit.did("registration"), visit.did("code"), user.logins) == ([], ["200"], 1)
    assert user.session.client.client_id == user.server.settings["CIMD"]["client_metadata_url"]


def _device(user: User) -> None:
    person = PersonAtAnotherDevice()
    user.auth = user.new_auth(grant="device_code", login=person.login)
    visit = user.visit()
    assert person.has_ended()
    assert (visit.did("device"), visit.did("device code")[-1:], len(person.pages)) == (["200"], ["200"], 1)
    assert (visit.did("code"), user.logins) == ([], 0)
    user.server.reject_tokens()
    assert user.visit().summary == _RENEWED


def _machine(user: User) -> None:
    visit = user.visit()
    assert (visit.did("client credentials"), user.logins) == (["200"], 0)
    assert not user.session.interactive


STEPS = (
    Step("doctor", "`valetkey doctor` found no fault, and said that a login can work, without making one.", _doctor),
    Step("discovery", "the authorization server was found through the metadata of the MCP server.", _discovery),
    Step("registration", "Valetkey registered itself (RFC 7591).", _registration),
    Step(
        "client by hand",
        "a login with a client that the user registered, and its secret if it has one.",
        _client_by_hand,
    ),
    Step("CIMD", "a login with the user's Client ID Metadata Document instead of a registration.", _client_document),
    Step("login", "a person logged in with a browser once: code, PKCE, loopback redirect.", _login),
    Step("declined", "a person who did not consent was an error that says so.", _declined),
    Step("call", "tools were called with the token, without another request to the authorization server.", _call),
    Step("restart", "another process went on with the stored session, without any such request.", _restart),
    Step(
        "refresh",
        "a rejected access token was renewed: one request to the authorization server, no person.",
        _refresh,
    ),
    Step("rotation", "that twice, the second time with the new refresh token that the first brought.", _rotation),
    Step("dead refresh token", "the server had ended the session; it led to one new login.", _dead_refresh_token),
    Step("logout", "after `logout()` the server refused the refresh token (RFC 7009).", _logout),
    Step("device", "a person logged in on another device, with the code that was shown here (RFC 8628).", _device),
    Step("private_key_jwt", "a machine got a token: client credentials, with a signed assertion (RFC 7523).", _machine),
    Step("client_secret_basic", "a machine got a token: client credentials, secret in the header.", _machine),
    Step("client_secret_post", "a machine got a token: client credentials, secret in the body.", _machine),
)
