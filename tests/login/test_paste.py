# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The answer of a login is pasted: nothing listens, and it passes the same checks."""

import io
import os
import queue
import socket
import threading
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import cache
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fakes.authorization_server import ISSUER, MCP
from tests.fakes.threads import LONGEST_WAIT
from tests.fakes.world import World
from tests.requirements import requirement
from valetkey.errors import IssuerMismatch, LoginFailed, LoginRequired, StateMismatch
from valetkey.login import LoginPrompt, open_login
from valetkey.login.device import NoticeAttempt
from valetkey.login.paste import PasteHere, PasteLogin

STATE_PROMPT = LoginPrompt(
    "https://mcp.example", "https://as.example", "https://as.example/authorize?state=s1", "unused"
)
PROMPT = LoginPrompt("https://mcp.example", "https://as.example", "https://as.example/authorize", "unused")


class Terminal:
    """A person at a terminal, who enters what `answers` gives for what was shown."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.shown = []
        self.questions = []
        self.told = []
        self.login = PasteLogin(self.shown.append, self.read, self.told.append)

    def read(self, question):
        self.questions.append(question)
        answer = self.answers.pop(0)
        return answer(self.shown[-1].authorization_url) if callable(answer) else answer


def ask(terminal, seconds=LONGEST_WAIT, cancelled=None, prompt=PROMPT):
    with terminal.login.open(None, fixed=False) as attempt:
        return attempt.ask(prompt, seconds=seconds, cancelled=cancelled or threading.Event())


@requirement("NAT-9", "RSP-8")
def test_a_person_logs_in_by_pasting_where_the_browser_stopped():
    world = World(announces_iss=True)
    terminal = Terminal(lambda url: f"  '{world.server.visit(url)}'\n")
    world.person = terminal.login
    assert world.engine().replace(None).access_token.reveal()
    assert world.kept().client.redirect_uri in terminal.questions[0]
    assert terminal.told == [f"Logged in to {MCP} at {ISSUER}."]


@requirement("NAT-9", "RSP-1", "AUT-6")
@pytest.mark.parametrize(
    ("change", "error"),
    [({"iss": "https://evil.example"}, IssuerMismatch), ({"state": "another"}, StateMismatch)],
    ids=["iss", "state"],
)
def test_a_pasted_answer_passes_the_same_checks(change, error):
    world = World(announces_iss=True)

    @cache
    def forged(url):
        parameters = {name: values[0] for name, values in parse_qs(urlsplit(world.server.visit(url)).query).items()}
        return "http://127.0.0.1/callback?" + "&".join(f"{k}={v}" for k, v in {**parameters, **change}.items())

    terminal = Terminal(forged, forged)  # a wrong state is asked for once more
    world.person = terminal.login
    with pytest.raises(error):
        world.engine().replace(None)
    assert world.server.token_forms() == []
    assert "The login did not work" in terminal.told[0]


@requirement("NAT-9")
def test_what_is_no_answer_is_asked_for_again():
    terminal = Terminal("", "https://as.example/authorize?state=s", "http://[", "http://127.0.0.1:1/callback?error=x")
    assert ask(terminal) == "http://127.0.0.1:1/callback?error=x"
    assert len(terminal.questions) == 4
    assert "holds no answer" in terminal.questions[1]


@requirement("NAT-9", "AUT-6")
@pytest.mark.parametrize(
    ("pasted", "question"),
    [
        ("http://127.0.0.1:1/callback?code=c&state=another", "belongs to another login"),
        ("http://127.0.0.1:1/callback?error=access_denied&state=another", "belongs to another login"),
        ("http://127.0.0.1:1/callback?code=c", "not the whole address"),
        ("code=c", "not the whole address"),
        ("c", "holds no answer"),
        ("", "holds no answer"),
    ],
)
def test_what_does_not_belong_to_this_login_is_asked_for_again_with_the_reason(pasted, question):
    """Rows G4, G5."""
    answer = "http://127.0.0.1:1/callback?code=c&state=s1"
    terminal = Terminal(pasted, answer)
    assert ask(terminal, prompt=STATE_PROMPT) == answer
    assert question in terminal.questions[1]


@pytest.mark.parametrize(
    "parts",
    [
        ["http://127.0.0.1:1/callback?code=c", "&state=s1"],
        ["http://127.0.0.1:1/call", "back?code=c&sta", "te=s1"],
        ["http://127.0.0.1:1/callback?code=c&state=", "", "s1."],
        ["http://127.0.0.1:1/callback?code=another&st", "http://127.0.0.1:1/callback?code=c&state=s", "1"],
    ],
)
def test_an_address_may_be_pasted_in_several_lines(parts):
    """Rows G4, G5."""
    assert ask(Terminal(*parts), prompt=STATE_PROMPT) == "http://127.0.0.1:1/callback?code=c&state=s1"


@pytest.mark.parametrize("end", ["code=c&state=changed", "code=c"])
def test_an_address_that_is_pasted_twice_is_taken_because_no_other_will_come(end):
    """A server or a proxy may change the state: the check that follows says so. Rows G4, G5."""
    address = f"http://127.0.0.1:1/callback?{end}"
    assert ask(Terminal(address, address), prompt=STATE_PROMPT) == address


def test_an_error_without_a_state_is_taken_at_once_because_some_servers_leave_it_out():
    address = "http://127.0.0.1:1/callback?error=access_denied"
    assert ask(Terminal(address), prompt=STATE_PROMPT) == address


@requirement("AUT-17")
@pytest.mark.parametrize("trouble", [EOFError, OSError, RuntimeError, ValueError])
def test_where_there_is_no_terminal_it_fails_at_once_and_says_what_to_do(trouble):
    def nobody(question):
        raise trouble

    login = PasteLogin(lambda prompt: None, nobody, lambda text: None)
    with login.open(None, fixed=False) as attempt, pytest.raises(LoginRequired) as caught:
        attempt.ask(PROMPT, seconds=LONGEST_WAIT, cancelled=threading.Event())
    assert "terminal" in str(caught.value)


@contextmanager
def nothing_to_read():
    with open(os.devnull) as stdin:
        yield stdin


@contextmanager
def a_pipe_that_has_ended():
    read, write = os.pipe()
    os.close(write)
    with open(read) as stdin:
        yield stdin


@contextmanager
def a_pipe(text=""):
    read, write = os.pipe()
    os.write(write, text.encode())
    with open(read) as stdin, open(write, "w"):
        yield stdin


@contextmanager
def as_nohup_leaves_it():
    with open(os.open(os.devnull, os.O_WRONLY)) as stdin:
        yield stdin


@contextmanager
def closed():
    with open(os.devnull) as stdin:
        pass
    yield stdin


@requirement("AUT-17")
@pytest.mark.parametrize(
    "stdin", [nothing_to_read, a_pipe_that_has_ended, as_nohup_leaves_it, closed, lambda: nullcontext(None)]
)
def test_where_nothing_can_be_entered_it_fails_before_it_asks_and_leads_to_another_way(monkeypatch, capsys, stdin):
    world = World()
    world.person = open_login("paste")
    with stdin() as nobody:
        monkeypatch.setattr("sys.stdin", nobody)
        with pytest.raises(LoginRequired, match="no terminal and no notebook to paste the answer into") as caught:
            world.engine().replace(None)
    assert capsys.readouterr().err == ""
    assert world.server.registrations() == []
    assert "paste" not in caught.value.hint
    there = World()
    there.server, there.store = world.server, world.store
    there.engine().replace(None)
    assert world.engine().replace(None).access_token.reveal()


@pytest.mark.parametrize("end", ["stays open", "is written before"])
def test_a_program_may_paste_into_a_pipe(monkeypatch, capsys, end):
    line = "http://127.0.0.1/callback?code=1\n"
    with a_pipe(line if end == "is written before" else "") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        with open_login("paste").open(None, fixed=False) as attempt:
            assert capsys.readouterr().err == ""
            monkeypatch.setattr("sys.stdin", io.StringIO(line))
            assert attempt.ask(PROMPT, seconds=LONGEST_WAIT, cancelled=threading.Event()) == line.strip()


def test_time_is_limited():
    never = queue.Queue()
    login = PasteLogin(lambda prompt: None, lambda question: never.get(), lambda text: None)
    with login.open(None, fixed=False) as attempt, pytest.raises(LoginFailed, match=r"within 0\.1 seconds"):
        attempt.ask(PROMPT, seconds=0.1, cancelled=threading.Event())
    never.put("x?code=1")


def test_a_login_that_is_cancelled_does_not_wait():
    never, cancelled = queue.Queue(), threading.Event()
    cancelled.set()
    login = PasteLogin(lambda prompt: None, lambda question: never.get(), lambda text: None)
    with login.open(None, fixed=False) as attempt, pytest.raises(LoginFailed):
        attempt.ask(PROMPT, seconds=LONGEST_WAIT, cancelled=cancelled)
    never.put("x?code=1")


@requirement("NAT-5")
def test_the_port_is_reserved_and_nobody_listens_there():
    with PasteLogin(print, input, print).open(None, fixed=False) as attempt:
        port = urlsplit(attempt.redirect_uri).port
        with socket.socket() as other, pytest.raises(OSError, match=r"\[Errno"):
            other.bind(("127.0.0.1", port))
        with socket.socket() as browser:
            assert browser.connect_ex(("127.0.0.1", port)) != 0


def test_an_address_that_is_taken_will_do_because_nothing_is_read_from_it():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        address = f"http://localhost:{other.getsockname()[1]}/callback"
        with PasteLogin(print, input, print).open(address, fixed=True) as attempt:
            assert attempt.redirect_uri == address


def test_a_code_for_another_device_is_only_shown():
    assert isinstance(PasteLogin(print, input, print).open_device(), NoticeAttempt)


def test_the_name_gives_it_and_over_ssh_it_wants_no_port_forwarded(monkeypatch, capsys):
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22")
    monkeypatch.setattr("sys.stdin", io.StringIO("http://127.0.0.1/callback?code=1\n"))
    login = open_login("paste")
    assert isinstance(login, PasteHere)
    with login.open(None, fixed=False) as attempt:
        attempt.ask(PROMPT, seconds=LONGEST_WAIT, cancelled=threading.Event())
    shown = capsys.readouterr().err
    assert PROMPT.authorization_url in shown
    assert "ssh" not in shown.lower()


@pytest.mark.parametrize(
    "address", ["https://app.example.com/callback", "https://127.0.0.1/callback", "http://localhost:8765/callback"]
)
def test_the_address_may_be_on_another_computer_because_nothing_listens(address):
    """Row G6."""
    world = World()
    world.server.knows("mine", address)
    terminal = Terminal(world.server.visit)
    world.person = terminal.login
    assert world.engine(client_id="mine", redirect_uri=address).replace(None).access_token.reveal()
    assert f"begins with\n{address}\n" in terminal.questions[0]


def test_an_address_of_ip_version_6_stays_in_brackets():
    with PasteLogin(print, input, print).open("http://[::1]:8765/callback", fixed=True) as attempt:
        assert attempt.redirect_uri == "http://[::1]:8765/callback"


def test_a_login_that_is_not_pasted_in_time_says_what_to_do_if_the_page_showed_an_error():
    """Row F8."""
    never = queue.Queue()
    login = PasteLogin(lambda prompt: None, lambda question: never.get(), lambda text: None)
    with login.open(None, fixed=False) as attempt:
        prompt = replace(PROMPT, redirect_uri=attempt.redirect_uri)
        with pytest.raises(LoginFailed) as caught:
            attempt.ask(prompt, seconds=0.05, cancelled=threading.Event())
    never.put("x?code=1")
    assert "paste the answer in time" in caught.value.hint
    assert f"if the page showed an error, do what it says: most often the redirect address {attempt.redirect_uri}" in (
        caught.value.hint
    )


def test_who_has_cancelled_the_login_is_told_nothing_in_the_terminal():
    """The terminal belongs to the program again. Row F12."""
    told, never, cancelled = [], queue.Queue(), threading.Event()
    cancelled.set()
    login = PasteLogin(lambda prompt: None, lambda question: never.get(), told.append)
    with login.open(None, fixed=False) as attempt:
        with pytest.raises(LoginFailed, match="was cancelled") as caught:
            attempt.ask(PROMPT, seconds=LONGEST_WAIT, cancelled=cancelled)
        attempt.conclude(caught.value)
    never.put("x?code=1")
    assert told == []
