# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The person in front of a notebook, with a kernel that asks as ipykernel does: in steps, until a frontend answers."""

import queue
import sys
import threading
from types import SimpleNamespace

import pytest

from tests.fakes.threads import LONGEST_WAIT, until
from tests.fakes.world import World
from valetkey.errors import LoginRequired
from valetkey.login import LoginPrompt, open_login
from valetkey.login.kernel import kernel_input, read_kernel
from valetkey.login.line_reading import Stopped
from valetkey.login.whereabouts import is_person_here, is_watched, person_to_ask

PROMPT = LoginPrompt("https://mcp.example", "https://as.example", "https://as.example/authorize", "unused")


class Kernel:
    """As `ipykernel.kernelbase.Kernel.raw_input`; `replies` is what the person enters."""

    def __init__(self, *, allow_stdin=True):
        self._allow_stdin = allow_stdin
        self.asked = []
        self.replies = queue.Queue()
        self.is_asking = False

    def raw_input(self, prompt=""):
        self.asked.append(prompt)
        self.is_asking = True
        try:
            while True:
                try:
                    reply = self.replies.get(timeout=0.01)
                except queue.Empty:
                    continue
                if isinstance(reply, BaseException):
                    raise reply
                return reply
        finally:
            self.is_asking = False


@pytest.fixture
def kernel(monkeypatch):
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    running = Kernel()
    interactive = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=running))
    monkeypatch.setitem(sys.modules, "IPython", interactive)
    return running


@pytest.mark.parametrize("name", ["auto", "paste"])
def test_the_answer_is_pasted_in_the_notebook(name, kernel, capsys):
    """Rows G4, G5."""
    world = World()
    world.person = open_login(name)
    engine = world.engine()
    thread = threading.Thread(target=lambda: engine.replace(None))
    thread.start()
    until(lambda: kernel.is_asking)
    shown = capsys.readouterr().err
    link = next(line.strip() for line in shown.splitlines() if "/authorize?" in line)
    assert shown.rstrip().endswith("paste it here:")
    kernel.replies.put(world.server.visit(link))
    thread.join(LONGEST_WAIT)
    assert engine.session is not None
    assert kernel.asked == ["Address: "]
    assert capsys.readouterr().err.startswith("Logged in to ")


def test_a_question_that_is_no_longer_needed_leaves_the_next_answer_to_the_program(kernel):
    """Row G4."""
    stopped, outcome = threading.Event(), []

    def read():
        with pytest.raises(Stopped):
            read_kernel("Where?", stopped)
        outcome.append("stopped")

    thread = threading.Thread(target=read)
    thread.start()
    until(lambda: kernel.is_asking)
    stopped.set()
    thread.join(LONGEST_WAIT)
    assert outcome == ["stopped"]
    assert not kernel.is_asking
    kernel.replies.put("for the program")
    assert kernel.raw_input() == "for the program"


@pytest.mark.parametrize("trouble", [EOFError(), KeyboardInterrupt(), RuntimeError("no frontend")])
def test_a_frontend_that_gives_no_answer_is_no_person(trouble, kernel):
    """Row G5."""
    kernel.replies.put(trouble)
    with open_login("paste").open(None, fixed=False) as attempt, pytest.raises(LoginRequired):
        attempt.ask(PROMPT, seconds=LONGEST_WAIT, cancelled=threading.Event())


def test_a_kernel_whose_frontend_takes_no_input_has_no_person(kernel, monkeypatch):
    """Papermill and nbconvert run notebooks without one. Row G4."""
    assert (is_watched(), is_person_here(), person_to_ask()) == (True, True, read_kernel)
    kernel._allow_stdin = False
    monkeypatch.setattr("sys.stdin", None)
    assert (is_watched(), is_person_here(), person_to_ask(), kernel_input()) == (False, False, None, None)
    with pytest.raises(EOFError):
        read_kernel("Where?", threading.Event())
    with pytest.raises(LoginRequired, match="no notebook"):
        open_login("auto").open(None, fixed=False)


def test_a_shell_in_a_terminal_has_no_kernel(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert kernel_input() is None
