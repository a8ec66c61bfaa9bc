# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The text that asks a person to log in, word for word."""

import io
import sys
import threading
from textwrap import dedent

import pytest

from tests.requirements import requirement
from valetkey.errors import ConfigurationError, LoginFailed
from valetkey.login import Invitation, open_login
from valetkey.login.invitation import invitation_text, print_link
from valetkey.login.never import NeverLogin

INVITATION = Invitation(
    server_url="https://mcp.example/mcp",
    issuer="https://as.example",
    authorization_url="https://as.example/authorize?client_id=c&state=s",
    redirect_uri="http://127.0.0.1:41234/callback",
)
SSH = {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22", "USER": "alice"}


@requirement("AUT-17")
def test_with_a_browser():
    assert invitation_text(INVITATION, opened=True, environment={}) == dedent("""
        https://mcp.example/mcp asks you to log in at https://as.example.
        Your browser opens now. If it does not, open this link:

            https://as.example/authorize?client_id=c&state=s
        """)


@requirement("AUT-17")
def test_without_a_browser():
    assert invitation_text(INVITATION, opened=False, environment={}) == dedent("""
        https://mcp.example/mcp asks you to log in at https://as.example.
        Open this link in your browser:

            https://as.example/authorize?client_id=c&state=s
        """)


def test_over_ssh_the_way_back_is_explained():
    assert invitation_text(INVITATION, opened=False, environment=SSH) == dedent("""
        https://mcp.example/mcp asks you to log in at https://as.example.
        Open this link in your browser:

            https://as.example/authorize?client_id=c&state=s

        You are connected over SSH. So that the answer finds its way back, first run this on your own computer:

            ssh -N -L 41234:127.0.0.1:41234 alice@this-host
        """)


def test_over_ssh_without_a_user_name():
    assert "you@this-host" in invitation_text(INVITATION, opened=False, environment={"SSH_CONNECTION": "x"})


def test_over_ssh_with_a_forwarded_display_there_is_nothing_to_explain():
    assert "ssh" not in invitation_text(INVITATION, opened=True, environment=SSH)


@pytest.fixture
def nowhere(monkeypatch):
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)


def ask(name):
    """Ask in the named way, for no time at all."""
    cancelled = threading.Event()
    cancelled.set()
    with open_login(name).open(None, fixed=False) as visit, pytest.raises(LoginFailed):
        visit.ask(INVITATION, seconds=30, cancelled=cancelled)


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("name", ["auto", "link"])
def test_the_text_goes_to_standard_error(name, capsys):
    """Standard output belongs to the program, and to MCP servers that speak over it."""
    ask(name)
    assert capsys.readouterr() == ("", invitation_text(INVITATION, opened=False, environment={}) + "\n")


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(("name", "opens"), [("auto", True), ("link", False)])
def test_only_auto_opens_a_browser(name, opens, capsys, monkeypatch):
    monkeypatch.setenv("BROWSER", "true")
    ask(name)
    assert ("Your browser opens now" in capsys.readouterr().err) == opens
    for thread in threading.enumerate():
        if thread.name == "valetkey-browser":
            thread.join(10)


@pytest.mark.usefixtures("nowhere")
def test_a_program_without_a_console_is_not_stopped_by_that(monkeypatch):
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    print_link(INVITATION)
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(sys, "__stderr__", None)
    print_link(INVITATION)
    assert sys.stderr is None


def test_never_is_a_way_too():
    assert isinstance(open_login("never"), NeverLogin)


@pytest.mark.parametrize("name", ["", "Auto", "browser", "device"])
def test_a_way_that_does_not_exist_is_an_error_that_names_the_ways(name):
    with pytest.raises(ConfigurationError, match=f"There is no way '{name}'") as caught:
        open_login(name)
    assert caught.value.hint == 'Use "auto", "link" or "never".'
