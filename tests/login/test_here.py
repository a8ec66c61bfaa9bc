# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A login finds the person: programs in real terminals, and programs in front of which no person is."""

import http.client
import json
from urllib.parse import urlsplit

import pytest

from tests.adapters.server import McpServer
from tests.login.terminal import NO_BROWSER, Terminal
from tests.processes.child import Child
from tests.requirements import requirement

LOG_IN = """
import sys
from valetkey.httpx2 import OAuth
from valetkey.login import PrintedLink, signs

signs.SIGN_SECONDS = 0.2
login = PrintedLink() if sys.argv[2] == "printed" else sys.argv[2]
auth = OAuth(sys.argv[1], store="memory:", login=login)
try:
    auth.engine.replace(None)
    print("session:", auth.engine.session is not None)
except KeyboardInterrupt:
    print("interrupted")
print("the program got:", input("what now? "))
"""
LINK = r"\n    (http://127\.0\.0\.1:\d+/authorize\?\S+)\n"


@pytest.fixture
def server():
    with McpServer() as running:
        yield running


def go_to(url):
    """Send a browser of this computer there, and give the page."""
    parts = urlsplit(url)
    browser = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    browser.request("GET", f"{parts.path}?{parts.query}")
    page = browser.getresponse().read().decode()
    browser.close()
    return page


def is_at_the_program_again(terminal, server):
    """What the person types now is for the program, and no thread of the login takes it."""
    terminal.sees(r"what now\? ")
    terminal.types("hello\n")
    assert terminal.sees(r"the program got: (.*)\n") == "hello"


@requirement("NAT-9", "AUT-17")
@pytest.mark.parametrize("login", ["auto", "paste"])
def test_an_address_that_is_pasted_in_the_terminal_logs_in(login, server):
    """Row G4."""
    with Terminal(LOG_IN, server.url, login) as terminal:
        answer = server.authorization.visit(terminal.sees(LINK))
        terminal.sees("paste it here:\n")
        assert f"begins with\n{answer.partition('?')[0]}\n" in terminal.shown
        terminal.types("https://elsewhere.example/\n")
        terminal.sees("That address holds no answer")
        terminal.types(f"{answer}\n")
        terminal.sees(f"Logged in to {server.url} at {server.origin}.\n")
        terminal.sees("session: True")
        is_at_the_program_again(terminal, server)


@pytest.mark.parametrize("login", ["auto", "paste"])
def test_an_address_that_breaks_into_lines_leaves_no_part_of_it_to_the_program(login, server):
    """What is left over would be the next command of a shell. Row G4."""
    with Terminal(LOG_IN, server.url, login) as terminal:
        answer = server.authorization.visit(terminal.sees(LINK))
        terminal.sees("paste it here:\n")
        start = answer.index("state=") + 10
        terminal.types(f"{answer[:30]}\n{answer[30:start]}\n{answer[start:]}\n")
        terminal.sees("session: True")
        is_at_the_program_again(terminal, server)


TWO_LOGINS = """
import sys, threading
from valetkey.httpx2 import OAuth

def log_in(url):
    auth = OAuth(url, store="memory:", login=sys.argv[1])
    auth.engine.replace(None)
    print("session:", url, auth.engine.session is not None)

threads = [threading.Thread(target=log_in, args=(url,)) for url in sys.argv[2:]]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("the program got:", input("what now? "))
"""


@pytest.mark.parametrize("login", ["auto", "paste"])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "the other first"])
def test_what_is_pasted_goes_to_the_login_that_it_belongs_to(order, login, server):
    """Two logins of one program wait in one terminal. Row G4."""
    with McpServer() as other:
        servers = [server, other]
        with Terminal(TWO_LOGINS, login, server.url, other.url) as terminal:
            links = [terminal.sees(rf"\n    ({each.origin}/authorize\?\S+)\n") for each in servers]
            terminal.sees("paste it here:\n")
            for place in order:
                terminal.types(f"{servers[place].authorization.visit(links[place])}\n")
                terminal.sees(f"session: {servers[place].url} True")
            is_at_the_program_again(terminal, server)


@requirement("NAT-9", "AUT-17")
def test_a_browser_that_comes_back_first_logs_in_and_the_terminal_asks_no_more(server):
    """Row G4."""
    with Terminal(LOG_IN, server.url, "auto") as terminal:
        answer = server.authorization.visit(terminal.sees(LINK))
        terminal.sees("paste it here:\n")
        assert "You are logged in" in go_to(answer)
        terminal.sees(f"Logged in to {server.url} at {server.origin}.\n")
        is_at_the_program_again(terminal, server)


@pytest.mark.parametrize("login", ["auto", "browser", "printed", "paste"])
def test_control_c_ends_the_login_and_the_terminal_is_the_programs_again(login, server):
    """Row F12."""
    with Terminal(LOG_IN, server.url, login) as terminal:
        terminal.sees("paste it here:\n" if login in ("auto", "paste") else LINK)
        terminal.types("\x03")
        terminal.sees("interrupted\n")
        is_at_the_program_again(terminal, server)
        assert "within" not in terminal.shown


@pytest.mark.parametrize("login", ["auto", "browser", "printed", "paste"])
def test_a_terminal_gets_a_sign_of_life_while_the_login_waits(login, server):
    with Terminal(LOG_IN, server.url, login) as terminal:
        terminal.sees(r"Still waiting for the login, for 5 min more\.\n(?s:.)*Still waiting for the login")


@pytest.mark.parametrize("login", ["auto", "browser", "printed"])
def test_over_ssh_a_link_that_leads_back_is_explained(login, server):
    environment = {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22", "USER": "alice"}
    with Terminal(LOG_IN, server.url, login, environment=environment) as terminal:
        terminal.sees("paste it here:\n" if login == "auto" else "alice@this-host")
    assert ("ssh -N -L" in terminal.shown) == (login != "auto")


NOBODY = """
import json, sys, time
from valetkey import LoginRequired
from valetkey.login import PrintedLink
from valetkey.httpx2 import OAuth

begun = time.monotonic()
try:
    login = PrintedLink() if sys.argv[2] == "printed" else sys.argv[2]
    OAuth(sys.argv[1], store="memory:", login=login).engine.replace(None)
except LoginRequired as error:
    print(json.dumps([type(error).__name__, error.message, error.hint, time.monotonic() - begun]))
"""


@requirement("AUT-17")
@pytest.mark.parametrize("environment", [NO_BROWSER, {**NO_BROWSER, "BROWSER": "/nowhere/firefox"}])
@pytest.mark.parametrize("login", ["auto", "paste"])
def test_where_no_person_is_a_login_fails_at_once_and_names_the_ways(login, environment, server):
    """Cron, or a container without a terminal. Row G4."""
    with Child(NOBODY, server.url, login, environment=environment) as child:
        name, message, hint, seconds = json.loads(child.succeed())
    assert name == "LoginRequired"
    assert "none can be asked here" in message
    for way in (
        "valetkey login URL",
        'login="device"',
        "machine",
        'login="link" with public_url',
        "same session store",
    ):
        assert way in hint
    assert ('login="paste"' in hint, 'login="browser"' in hint) == ((True, False) if login == "auto" else (False, True))
    assert seconds < 60  # and not login_timeout
    assert server.authorization.registrations() == []


def test_a_browser_that_cannot_be_started_is_no_way_to_a_person(server, tmp_path):
    """Row G4."""
    program = tmp_path / "browser"
    program.write_text("#!/nowhere/interpreter\n")
    program.chmod(0o700)
    with Child(NOBODY, server.url, "auto", environment={**NO_BROWSER, "BROWSER": str(program)}) as child:
        assert "none can be asked here" in json.loads(child.succeed())[1]


@pytest.mark.parametrize("login", ["printed", "browser"])
def test_a_link_that_a_person_reads_in_a_log_waits_wherever_it_is_read(login, server):
    """The logs of a container. Row G4."""
    code = NOBODY + "\nprint('session')"
    with Child(code, server.url, login, environment=NO_BROWSER) as child:
        child.process.stderr.readline()
        lines = [child.process.stderr.readline() for _ in range(4)]
        assert "You are logged in" in go_to(server.authorization.visit(lines[-1].strip()))
        code, output, errors = child.end()
    assert (code, output) == (0, "session\n")
    assert "Still waiting" not in errors


@pytest.mark.parametrize(
    "environment", [{"SSH_CONNECTION": "x"}, {"CODESPACES": "true"}, {"VSCODE_IPC_HOOK_CLI": "/run/x"}]
)
def test_where_the_answer_of_an_open_browser_may_be_lost_it_can_be_pasted_too(environment, server):
    opens = {"BROWSER": "true", **environment}  # a program that shows nothing
    with Terminal(LOG_IN, server.url, "auto", environment=opens) as terminal:
        answer = server.authorization.visit(terminal.sees(LINK))
        terminal.sees("paste it here:\n")
        terminal.types(f"{answer}\n")
        terminal.sees(f"Logged in to {server.url}")


def test_on_a_computer_with_a_browser_nothing_is_asked(server):
    with Terminal(LOG_IN, server.url, "auto", environment={"BROWSER": "true"}) as terminal:
        answer = server.authorization.visit(terminal.sees(LINK))
        go_to(answer)
        terminal.sees(f"Logged in to {server.url}")
        assert "paste" not in terminal.shown
