# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Somebody who uses an MCP server: a client, a store, a browser, and after a restart another client."""

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.interop.client import Exchange, Exchanges, whoami
from tests.interop.profile import ROOT, Running
from tests.servers import browser_environment
from tests.servers.scripted_browser import ScriptedBrowser
from valetkey import urls
from valetkey._cli.doctor.command import examine
from valetkey._cli.doctor.findings import Report
from valetkey.httpx2 import OAuth
from valetkey.login import Login, LoginName, LoginPrompt
from valetkey.login.loopback import LoopbackLogin
from valetkey.settings import Settings
from valetkey.values import Session

_SECONDS = 40.0
_LOGIN_SECONDS = 25.0
"""The scripted browser gives up a little earlier."""


@dataclass(frozen=True)
class LoginAttempt:
    """
    One connection to the MCP server, with one call of a tool.

    :param tools: The names of the tools.
    :param answer: What `whoami` answered.
    :param exchanges: What Valetkey did for it.
    """

    tools: list[str]
    answer: Any
    exchanges: list[Exchange]

    def did(self, *what: str) -> list[str]:
        """Give the outcomes of some kinds of exchanges, in order."""
        return [exchange.outcome for exchange in self.exchanges if exchange.what in what]

    @property
    def summary(self) -> list[tuple[str, str]]:
        """What was done and how it ended, without looking up where the MCP server wants its users to log in."""
        return [(done.what, done.outcome) for done in self.exchanges if done.what != "resource metadata"]


class User:
    """
    A user of one server.

    :param running: The server.
    :param settings: What the user sets besides the URL.
    :param folder: Where the store is, and the notes of the browser.
    :param setenv: Sets a variable of the environment: it is how a browser is chosen.
    """

    def __init__(
        self, running: Running, settings: dict[str, Any], folder: Path, setenv: Callable[[str, str], None]
    ) -> None:
        self.server = running
        named = {"issuer": running.issuer} if "client_secret" in settings else {}  # a secret belongs to one issuer
        self._settings = {"login_timeout": _LOGIN_SECONDS, **named, **settings}
        self._store = folder / "credentials.db"
        self._opened = folder / "opened-urls"
        self._setenv = setenv
        for name, value in {**browser_environment(log=self._opened), **running.environment}.items():
            setenv(name, value)
        self.auth = self.new_auth()

    @property
    def logins(self) -> int:
        """How often a browser was opened."""
        return len(self._opened.read_text(encoding="utf-8").splitlines()) if self._opened.exists() else 0

    @property
    def session(self) -> Session:
        """The session at hand."""
        session = self.auth.engine.session
        assert session is not None, "there is no session"
        return session

    def declines(self) -> None:
        """Do not consent from now on."""
        for name, value in browser_environment(log=self._opened, deny=True).items():
            self._setenv(name, value)

    def new_auth(self, *, store: str | None = None, login: Login | LoginName = "auto", **settings: Any) -> OAuth:
        """Make the auth object that the user's program makes, with further settings."""
        complete = Settings(**{**self._settings, **settings})
        return OAuth(self.server.mcp_url, store=store or f"sqlite:///{self._store}", login=login, settings=complete)

    def visit(self) -> LoginAttempt:
        """Use the MCP server."""
        with Exchanges() as exchanges:
            tools, answer = whoami(self.auth, self.server.mcp_url)
        assert "whoami" in tools
        return LoginAttempt(tools, answer, exchanges.seen)

    def examined_by_doctor(self) -> Report:
        """Find out whether a login can work, as a user does who has never been there."""
        return examine(self.server.mcp_url, {}, store_name=f"sqlite:///{self._store}")

    def visit_after_restart(self) -> LoginAttempt:
        """Use the MCP server from another process, which knows nothing but the URL, the settings and the store."""
        settings = json.dumps({"store": f"sqlite:///{self._store}", "settings": self._settings})
        command = [sys.executable, "-m", "tests.interop.client", self.server.mcp_url]
        ended = subprocess.run(
            command, input=settings, capture_output=True, text=True, timeout=_SECONDS, cwd=ROOT, check=False
        )
        assert ended.returncode == 0, ended.stderr
        printed = json.loads(ended.stdout)
        return LoginAttempt(printed["tools"], printed["answer"], [Exchange(*seen) for seen in printed["exchanges"]])

    def copy_of_store(self) -> str:
        """Copy the store, as a backup does; give the text that names the copy."""
        copy = self._store.with_name("copy.db")
        shutil.copy(self._store, copy)
        return f"sqlite:///{copy}"


class PersonAtAnotherDevice:
    """
    Somebody who reads a page's address and a code, goes to the page elsewhere, and types the code there.

    `login` is what a program gives to Valetkey, as it does to show the code in a window of its own.
    """

    def __init__(self) -> None:
        self.login = LoopbackLogin(self._go)
        self.pages: list[str] = []
        self._threads: list[threading.Thread] = []

    def has_ended(self) -> bool:
        """Wait until the person has read the last page."""
        for thread in self._threads:
            thread.join(_SECONDS)
        return not any(thread.is_alive() for thread in self._threads)

    def _go(self, prompt: LoginPrompt) -> None:
        browser = ScriptedBrowser(user_code=prompt.user_code)
        self.pages.append(prompt.authorization_url)
        thread = threading.Thread(target=browser.open, args=(prompt.authorization_url,))
        self._threads.append(thread)
        thread.start()


def accepts_refresh_token(session: Session) -> bool:
    """
    Ask the authorization server itself whether a refresh token is still good. That spends it, if it is.

    :param session: The session.
    :returns: True if the server gave tokens for it.
    """
    token, client = session.token.refresh_token, session.client
    assert token is not None, "there is no refresh token"
    form = {"grant_type": "refresh_token", "refresh_token": token.reveal(), "resource": session.resource}
    # In the body, whatever the client was registered for: some servers want the id there even beside a header.
    form["client_id"] = client.client_id
    if client.secret is not None:
        form["client_secret"] = client.secret.reveal()
    answer = httpx2.post(session.server.token_endpoint, data=form, trust_env=False, timeout=_SECONDS)
    return answer.status_code < 300 and "access_token" in answer.text


def register_by_hand(issuer: str, *, redirect_uri: str) -> dict[str, str]:
    """
    Register a client as a user does at the page of a provider, which is in front of the same endpoint.

    :param issuer: The authorization server.
    :param redirect_uri: The address of the client.
    :returns: What the user gives to Valetkey then.
    """
    place = urls.insert_well_known(issuer.removesuffix("/"), "oauth-authorization-server")
    endpoint = httpx2.get(place, trust_env=False).json()["registration_endpoint"]
    wanted = {
        "client_name": "Registered by hand",
        "redirect_uris": [redirect_uri],
        "application_type": "native",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_basic",
    }
    answer = httpx2.post(endpoint, json=wanted, trust_env=False, timeout=_SECONDS)
    assert answer.status_code in (200, 201), answer.text
    client = answer.json()
    method = client.get("token_endpoint_auth_method", "client_secret_basic")
    given = {"client_id": client["client_id"], "redirect_uri": redirect_uri, "client_authentication": method}
    return given if method == "none" else {**given, "client_secret": client["client_secret"], "issuer": issuer}
