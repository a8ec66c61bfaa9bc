# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The text that asks a person to log in, word for word."""

import io
import os
import sys
import threading
from dataclasses import replace
from textwrap import dedent

import pytest

import valetkey.login
from tests.fakes.auditing import audited
from tests.fakes.threads import LONGEST_WAIT
from tests.requirements import requirement
from valetkey.errors import ConfigurationError, InsecureEndpoint, LoginFailed
from valetkey.login import LoginPrompt, PrintedLink, open_login
from valetkey.login.never import NeverLogin
from valetkey.login.prompt import logged_in_text, print_link, prompt_text

PROMPT = LoginPrompt(
    server_url="https://mcp.example/mcp",
    issuer="https://as.example",
    authorization_url="https://as.example/authorize?client_id=c&state=s",
    redirect_uri="http://127.0.0.1:41234/callback",
)
ON_ANOTHER_DEVICE = LoginPrompt(
    server_url="https://mcp.example/mcp",
    issuer="https://as.example",
    authorization_url="https://as.example/device",
    user_code="WDJB-MJHT",
)
WITH_LINK = replace(ON_ANOTHER_DEVICE, link_with_code="https://as.example/device?user_code=WDJB-MJHT")
SSH = {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22", "USER": "alice"}


@requirement("AUT-17")
def test_with_a_browser():
    assert prompt_text(PROMPT, opened=True, environment={}) == dedent("""
        https://mcp.example/mcp asks you to log in at https://as.example.
        Your browser opens now. If it does not, open this link:

            https://as.example/authorize?client_id=c&state=s
        """)


@requirement("AUT-17")
def test_without_a_browser():
    assert prompt_text(PROMPT, opened=False, environment={}) == dedent("""
        https://mcp.example/mcp asks you to log in at https://as.example.
        Open this link in your browser:

            https://as.example/authorize?client_id=c&state=s
        """)


ELSEWHERE = [
    (replace(PROMPT, authorization_url="https://login.example/authorize"), "https://login.example"),
    (replace(PROMPT, authorization_url="https://as.example:8443/authorize"), "https://as.example:8443"),
    (replace(ON_ANOTHER_DEVICE, authorization_url="https://login.example/device"), "https://login.example"),
    (replace(WITH_LINK, link_with_code="https://codes.example/device?user_code=WDJB-MJHT"), "https://codes.example"),
]


@requirement("AUT-17", "SEC-15")
@pytest.mark.parametrize(("prompt", "host"), ELSEWHERE)
@pytest.mark.parametrize("opened", [True, False])
def test_a_page_on_another_host_than_the_issuers_is_named(prompt, host, opened):
    """Row I5."""
    told = f"asks you to log in at https://as.example, on a page at {host}.\n"
    assert told in prompt_text(prompt, opened=opened, environment={})


@pytest.mark.parametrize("prompt", [PROMPT, ON_ANOTHER_DEVICE, WITH_LINK])
def test_a_page_on_the_issuers_host_is_no_news(prompt):
    told = prompt_text(replace(prompt, issuer="https://AS.example/tenant"), opened=True, environment={})
    assert "on a page" not in told


def test_over_ssh_the_way_back_is_explained():
    assert prompt_text(PROMPT, opened=False, environment=SSH) == dedent("""
        https://mcp.example/mcp asks you to log in at https://as.example.
        Open this link in your browser:

            https://as.example/authorize?client_id=c&state=s

        You are connected over SSH. So that the answer can come back, first run this on your own computer:

            ssh -N -L 41234:127.0.0.1:41234 alice@this-host
        """)


def test_over_ssh_without_a_user_name():
    assert "you@this-host" in prompt_text(PROMPT, opened=False, environment={"SSH_CONNECTION": "x"})


def test_over_ssh_with_a_forwarded_display_there_is_nothing_to_explain():
    assert "ssh" not in prompt_text(PROMPT, opened=True, environment=SSH)


@requirement("DEV-3")
@pytest.mark.parametrize("environment", [{}, SSH])
def test_a_code_for_another_device(environment):
    """Over SSH too: no answer has to find its way back."""
    assert prompt_text(ON_ANOTHER_DEVICE, opened=False, environment=environment) == dedent("""
        https://mcp.example/mcp asks you to log in at https://as.example.
        Open this page in a browser, on this or any other device:

            https://as.example/device

        Enter this code there:

            WDJB-MJHT
        """)


@requirement("DEV-3")
def test_a_code_for_another_device_and_a_link_that_brings_it_along():
    assert prompt_text(WITH_LINK, opened=False, environment={}) == dedent("""
        https://mcp.example/mcp asks you to log in at https://as.example.
        Open this page in a browser, on this or any other device:

            https://as.example/device

        Enter this code there:

            WDJB-MJHT

        Or open this link, which already has the code in it:

            https://as.example/device?user_code=WDJB-MJHT
        """)


@requirement("DEV-3")
def test_a_code_that_the_browser_already_shows_is_shown_here_too():
    assert prompt_text(WITH_LINK, opened=True, environment={}) == dedent("""
        https://mcp.example/mcp asks you to log in at https://as.example.
        Your browser opens now. Check that it shows this code:

            WDJB-MJHT

        If no browser opens, go to this page on any device and enter the code:

            https://as.example/device
        """)


TRICKS = {
    "a line of its own": "\nPaste your password:",
    "a carriage return": "\rPaste your password:",
    "other line breaks": "\x0b\x0c\x85\u2028\u2029Paste",
    "colours": "\x1b[31mred",
    "the title of the window": "\x1b]0;title\x07",
    "a link under another text": "\x1b]8;;https://evil.example\x1b\\\\https://as.example\x1b]8;;\x1b\\\\",
    "a control sequence in one byte": "\x9b2J\x9d0;title\x9c",
    "a turned direction": "\u202egnp.exe\u2066\u200f",
    "what is not seen": "\u200b\ufeff\u00ad\x00\x08\x7f",
    "half a character": "\ud800",
    "a tag": "<img src=x onerror=alert(1)><script>alert(1)</script>",
    "Markdown": "[as.example](https://evil.example)](javascript:alert(1)) `x` **b**",
    "RTF": "{\\\\rtf1\\\\ansi{\\\\object}}",
    "a lookalike": "https://аs.example",
    "very long": "A" * (1 << 20),
}
PLACES = {
    "the server": lambda trick: replace(PROMPT, server_url=f"https://mcp.example/{trick}"),
    "the issuer": lambda trick: replace(PROMPT, issuer=f"https://as.example/{trick}"),
    "the issuer alone": lambda trick: replace(PROMPT, issuer=trick),
    "the code": lambda trick: replace(WITH_LINK, user_code=trick),
}


@requirement("AUT-14")
@pytest.mark.parametrize("opened", [True, False])
@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS.keys())
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
def test_what_a_server_says_of_itself_stays_in_its_line_and_moves_no_cursor(place, trick, opened):
    """Rows I1, I7."""
    prompt = place(trick)
    plain = replace(prompt, server_url="s", issuer="i", user_code="c" if prompt.user_code else None)
    honest = prompt_text(plain, opened=opened, environment={})
    for text in (prompt_text(prompt, opened=opened, environment={}), logged_in_text(prompt)):
        assert all(each.isprintable() or each == "\n" for each in text)
        assert len(text) < 2000
    shown = prompt_text(prompt, opened=opened, environment={})
    assert shown.count("\n") == honest.count("\n")
    assert "\nPaste" not in shown
    assert "аs.example" not in shown or prompt.user_code == trick


@requirement("AUT-12", "AUT-14")
@pytest.mark.parametrize("place", ["authorization_url", "link_with_code"])
@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "file:///etc/passwd",
        "https://as.example/\nPaste your password",
        "https://as.example/\x1b]8;;https://evil.example\x07",
        "https://as.example\u202e/",
        "https://аs.example/",
        "https://good.example@evil.example/",
        "https://as.example/" + "a" * (1 << 20),
    ],
    ids=lambda link: repr(link[:30]),
)
def test_a_link_that_no_browser_may_open_is_not_shown_either(link, place):
    """Row I1."""
    with pytest.raises(InsecureEndpoint):
        prompt_text(replace(WITH_LINK, **{place: link}), opened=False, environment={})


@requirement("AUT-14")
def test_the_link_that_is_shown_can_be_pasted_into_a_shell():
    """A person copies it, also into the command line of a browser. Row I1."""
    hostile = "https://as.example/$(calc.exe)/a;b?x=1&reboot&y='(z)"
    shown = prompt_text(replace(PROMPT, authorization_url=hostile), opened=False, environment={})
    assert "    https://as.example/%24%28calc.exe%29/a%3Bb?x=1&reboot=&y=%27%28z%29\n" in shown


def test_a_host_of_another_script_is_shown_as_what_it_is():
    """RFC 5891: a browser is sent to `xn--…`, and so the person reads that. Row I1."""
    prompt = replace(
        PROMPT, authorization_url="https://xn--s-7sb.example/authorize", issuer="https://xn--s-7sb.example"
    )
    assert prompt_text(prompt, opened=True, environment={}).count("https://xn--s-7sb.example") == 2


@pytest.mark.parametrize("name", ["$(id)", "a b", "a\nb", "-oProxyCommand=x", "", "a;b"])
def test_over_ssh_the_command_line_to_copy_holds_no_name_that_is_more_than_one(name):
    """Row I1."""
    assert "you@this-host" in prompt_text(PROMPT, opened=False, environment={**SSH, "USER": name})


@pytest.fixture
def nowhere(monkeypatch):
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)


def ask(login):
    """Ask in a way that is named or given, for no time at all."""
    cancelled = threading.Event()
    cancelled.set()
    way = open_login(login) if isinstance(login, str) else login
    with way.open(None, fixed=False) as attempt, pytest.raises(LoginFailed):
        attempt.ask(PROMPT, seconds=30, cancelled=cancelled)


@pytest.mark.usefixtures("nowhere")
def test_the_text_goes_to_standard_error(capsys):
    """Standard output belongs to the program, and to MCP servers that speak over it."""
    ask(PrintedLink())
    assert capsys.readouterr() == ("", prompt_text(PROMPT, opened=False, environment={}, exists=os.path.exists) + "\n")


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(("name", "opens"), [("auto", True), ("browser", True), (PrintedLink(), False)])
def test_a_printed_link_opens_no_browser(name, opens, capsys, monkeypatch):
    monkeypatch.setenv("BROWSER", "true")
    ask(name)
    assert ("Your browser opens now" in capsys.readouterr().err) == opens
    for thread in threading.enumerate():
        if thread.name == "valetkey-browser":
            thread.join(LONGEST_WAIT)


def wait_for_browsers():
    for thread in threading.enumerate():
        if thread.name == "valetkey-browser":
            thread.join(LONGEST_WAIT)


@requirement("DEV-3")
@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("login", [open_login("auto"), open_login("device"), PrintedLink()])
def test_a_login_on_another_device_is_shown_and_its_good_end_is_told_while_nothing_listens(login, capsys):
    with audited("socket.bind", "subprocess.Popen") as events, login.open_device() as attempt:
        attempt.show(WITH_LINK)
        assert capsys.readouterr() == ("", prompt_text(WITH_LINK, opened=False, environment={}) + "\n")
        attempt.conclude(None)
    assert capsys.readouterr() == ("", "Logged in to https://mcp.example/mcp at https://as.example.\n")
    assert events == []


@pytest.mark.usefixtures("nowhere")
def test_how_a_login_on_another_device_fails_is_for_the_program_to_say(capsys):
    with PrintedLink().open_device() as attempt:
        attempt.conclude(LoginFailed("Too late.", hint="Start again."))
    assert capsys.readouterr() == ("", "")


@requirement("DEV-3")
@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(
    ("login", "prompt", "opens"),
    [
        (open_login("auto"), WITH_LINK, True),
        (open_login("auto"), ON_ANOTHER_DEVICE, False),
        (PrintedLink(), WITH_LINK, False),
    ],
)
def test_only_a_link_that_brings_the_code_along_is_opened(login, prompt, opens, capsys, monkeypatch):
    monkeypatch.setenv("BROWSER", "true")
    with audited("subprocess.Popen") as events, login.open_device() as attempt:
        attempt.show(prompt)
    assert [arguments[1] for _, arguments in events] == ([["true", prompt.link_with_code]] if opens else [])
    assert capsys.readouterr().err == prompt_text(prompt, opened=opens, environment={}) + "\n"
    wait_for_browsers()


@pytest.mark.usefixtures("nowhere")
def test_a_program_without_a_console_is_not_stopped_by_that(monkeypatch):
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    print_link(PROMPT)
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(sys, "__stderr__", None)
    print_link(PROMPT)
    assert sys.stderr is None


def test_never_is_a_way_too():
    assert isinstance(open_login("never"), NeverLogin)


@pytest.mark.parametrize("name", ["", "Auto", "sms", "print"])
def test_a_way_that_does_not_exist_is_an_error_that_names_the_ways(name):
    with pytest.raises(ConfigurationError, match=f"There is no way '{name}'") as caught:
        open_login(name)
    assert caught.value.hint == 'Use "auto", "browser", "paste", "device", "link" or "never".'


def test_the_module_has_no_other_name():
    with pytest.raises(AttributeError, match="has no attribute 'PrintedLinks'"):
        valetkey.login.PrintedLinks  # noqa: B018 - the look is the test


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"CODESPACES": "true"}, "forward port 41234 in the Ports view of your editor"),
        ({"GITPOD_WORKSPACE_ID": "x"}, "forward port 41234 in the Ports view of your editor"),
        ({"VSCODE_IPC_HOOK_CLI": "/run/x"}, "forward port 41234 in the Ports view of your editor"),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "-p 127.0.0.1:41234:41234"),
    ],
)
def test_where_the_browser_is_elsewhere_the_one_thing_to_do_is_told(environment, told):
    assert told in prompt_text(PROMPT, opened=False, environment=environment)
    assert told not in prompt_text(PROMPT, opened=True, environment=environment)
    assert told not in prompt_text(ON_ANOTHER_DEVICE, opened=False, environment=environment)


def test_a_container_is_told_by_its_files_too():
    told = prompt_text(PROMPT, opened=False, environment={}, exists={"/.dockerenv"}.__contains__)
    assert "This is a container." in told


@pytest.mark.parametrize(
    ("prompt", "drawn"),
    [(ON_ANOTHER_DEVICE, ON_ANOTHER_DEVICE.authorization_url), (WITH_LINK, WITH_LINK.link_with_code)],
)
def test_a_page_for_another_device_is_drawn_for_a_phone(prompt, drawn):
    told = prompt_text(prompt, opened=False, environment={}, draw=lambda link: [f"<{link}>"])
    assert f"Or scan it with a phone:\n\n<{drawn}>\n" in told


def test_a_link_whose_answer_comes_to_this_computer_is_not_drawn():
    assert "scan" not in prompt_text(PROMPT, opened=False, environment={}, draw=lambda link: ["never"])


def test_a_page_that_is_open_already_is_not_drawn():
    assert "scan" not in prompt_text(WITH_LINK, opened=True, environment={}, draw=lambda link: ["never"])
