# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which program opens a link, that it gets the link and nothing else, and which links are never opened."""

import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from tests.fakes.threads import LONGEST_WAIT
from tests.protocol.answers import PENDING
from tests.requirements import requirement
from valetkey.errors import InsecureEndpoint, LoginFailed
from valetkey.login import LoginPrompt, open_login
from valetkey.login.browser import WSL, browser_command, open_browser, platform_of
from valetkey.protocol.authorization import authorization_url
from valetkey.urls import encode_for_browser


@pytest.fixture
def wait_for_browsers():
    """Each program this test starts has a thread that waits for its end, so that none becomes a zombie."""
    from_others = set(threading.enumerate())  # a login of another test may still have its browser open

    def wait():
        for thread in set(threading.enumerate()) - from_others:
            if thread.name == "valetkey-browser":
                thread.join(LONGEST_WAIT)
                assert not thread.is_alive()

    return wait


URL = "https://as.example/authorize?client_id=a&state=b"
HOSTILE = "https://as.example/a/$(calc.exe)/b?a=1&calc;$(id)&b='x'&c=%22%0A*~!&-d=$HOME;rm%20-rf&%s,@[x]"
"""Everything a shell would stumble over and a URL may hold."""
ENCODED = (
    "https://as.example/a/%24%28calc.exe%29/b?a=1&calc%3B%24%28id%29=&b=%27x%27&c=%22%0A%2A~%21&-d=%24HOME%3Brm%20-rf"
    "&%25s%2C%40%5Bx%5D="
)
READ_BY_A_SHELL = frozenset("$()';!*`\"<>|{}[]\\ \n")
"""What no argument may hold. `&` and `?` stay, because a URL needs them, and so no shell may be the program."""

X11, WAYLAND = {"DISPLAY": ":0"}, {"WAYLAND_DISPLAY": "wayland-0"}
WINDOWS_RUNDLL = r"C:\Windows\System32\rundll32.exe"
RUNDLL, HANDLER = "/mnt/c/Windows/System32/rundll32.exe", "url.dll,FileProtocolHandler"
UNIX_OPENERS = ["xdg-open", "gio", "x-www-browser", "wslview", "wsl-open"]

COMMANDS = {
    "macOS": ({}, "darwin", ["xdg-open"], ["/usr/bin/open", URL]),
    "macOS over SSH, where `open` still finds the desktop": (
        {"SSH_CONNECTION": "x"},
        "darwin",
        [],
        ["/usr/bin/open", URL],
    ),
    "Linux with X11": (X11, "linux", ["xdg-open", "gio"], ["xdg-open", URL]),
    "Linux with Wayland": (WAYLAND, "linux", ["xdg-open"], ["xdg-open", URL]),
    "Linux with GNOME's tools alone": (X11, "linux", ["gio", "x-www-browser"], ["gio", "open", URL]),
    "Debian without a desktop": (X11, "linux", ["x-www-browser"], ["x-www-browser", URL]),
    "a display and no browser": (X11, "linux", [], None),
    "no display": ({}, "linux", ["xdg-open", "gio", "x-www-browser", "w3m", "lynx"], None),
    "an empty display": ({"DISPLAY": "", "WAYLAND_DISPLAY": ""}, "linux", ["xdg-open"], None),
    "FreeBSD": (X11, "freebsd14", ["xdg-open"], ["xdg-open", URL]),
    "WSL": ({}, WSL, [RUNDLL], [RUNDLL, HANDLER, URL]),
    "WSL with its drives elsewhere": ({}, WSL, ["rundll32.exe"], ["rundll32.exe", HANDLER, URL]),
    "WSL with a display": (X11, WSL, [RUNDLL, *UNIX_OPENERS], [RUNDLL, HANDLER, URL]),
    "WSL that may start no program of Windows": (X11, WSL, UNIX_OPENERS, None),
    "WSL with a browser of its own": ({"BROWSER": "firefox"}, WSL, ["firefox", RUNDLL], ["firefox", URL]),
    "Windows": ({"SYSTEMROOT": r"D:\Win"}, "win32", [], [r"D:\Win\System32\rundll32.exe", HANDLER, URL]),
    "Windows, which has no BROWSER": ({"BROWSER": "b"}, "win32", ["b"], [WINDOWS_RUNDLL, HANDLER, URL]),
    "BROWSER": ({"BROWSER": "firefox"}, "linux", ["firefox"], ["firefox", URL]),
    "BROWSER goes before the display": (
        {"BROWSER": "firefox", **X11},
        "linux",
        ["firefox", "xdg-open"],
        ["firefox", URL],
    ),
    "BROWSER goes before the Mac's own": ({"BROWSER": "firefox"}, "darwin", ["firefox"], ["firefox", URL]),
    "BROWSER with arguments": ({"BROWSER": "firefox --new-tab"}, "linux", ["firefox"], ["firefox", "--new-tab", URL]),
    "BROWSER with a place": ({"BROWSER": "w --url=%s -x"}, "linux", ["w"], ["w", f"--url={URL}", "-x"]),
    "BROWSER with two places": ({"BROWSER": "w %s --x=%s"}, "linux", ["w"], ["w", URL, f"--x={URL}"]),
    "BROWSER that does not wait": ({"BROWSER": "w %s &:v"}, "linux", ["w", "v"], ["w", URL]),
    "BROWSER that does not wait, without a place": ({"BROWSER": "w &"}, "linux", ["w"], ["w", URL]),
    "BROWSER with a variable before it": ({"BROWSER": "A=b w %s:v"}, "linux", ["w", "v"], ["v", URL]),
    "BROWSER with quotes": ({"BROWSER": "'/o p/b' '%s'"}, "linux", ["/o p/b"], ["/o p/b", URL]),
    "BROWSER with several": ({"BROWSER": "none:firefox:w3m"}, "linux", ["firefox", "w3m"], ["firefox", URL]),
    "BROWSER that is not there": ({"BROWSER": "none", **X11}, "linux", ["xdg-open"], ["xdg-open", URL]),
    "BROWSER that is not there, no display": ({"BROWSER": "none"}, "linux", ["xdg-open"], None),
    "BROWSER that is empty": ({"BROWSER": "", **X11}, "linux", ["xdg-open"], ["xdg-open", URL]),
    "BROWSER of separators": ({"BROWSER": ": :", **X11}, "linux", ["xdg-open"], ["xdg-open", URL]),
    "BROWSER with half a quotation": ({"BROWSER": "fire'fox:w3m"}, "linux", ["w3m"], ["w3m", URL]),
}


@requirement("AUT-15")
@pytest.mark.parametrize(("environment", "platform", "programs", "command"), COMMANDS.values(), ids=COMMANDS.keys())
def test_the_program_that_opens_a_link(environment, platform, programs, command):
    found = {name: f"/usr/bin/{name}" for name in programs}.get
    assert browser_command(URL, environment, platform, found) == command


NOT_FOR_A_LINK = [
    'sh -c "firefox %s"',
    "sh -c 'firefox \"$1\"' sh %s",
    "sh -c 'firefox $0'",
    "/bin/bash -lc \"firefox '%s'\"",
    "env BASH_ENV= bash -c 'firefox %s'",
    "busybox sh -c 'firefox %s'",
    "fish -c 'firefox %s'",
    "cmd.exe /c start %s",
    "/mnt/c/Windows/System32/CMD.EXE /c start",
    "powershell.exe -Command Start-Process %s",
    "pwsh -c 'Start-Process %s'",
    "wslview",
    "wslview %s",
    "/usr/local/bin/bash-5.2 open.sh",
    "ksh93 -c %s",
    "script -q -c %s /dev/null",
    "nix-shell --run %s",
    "mosh host",
    "yash",
    "wsl-open",
    "ssh desktop firefox %s",
    "watch firefox",
    "python3.12 -c 'import os; os.system(\"firefox %s\")'",
    "firefox '%s; true'",
    "firefox '$(echo %s)'",
    "xterm -e 'w3m %s'",
]


@requirement("AUT-13")
@pytest.mark.parametrize("system", ["linux", "darwin", WSL])
@pytest.mark.parametrize("entry", NOT_FOR_A_LINK)
def test_an_entry_of_browser_that_would_read_the_link_as_a_command_is_passed_over(entry, system, caplog):
    caplog.set_level("INFO", logger="valetkey")
    command = browser_command(URL, {"BROWSER": f"{entry}:w3m"}, system, lambda name: f"/usr/bin/{name}")
    assert command == ["w3m", URL]
    assert "An entry of BROWSER is not used" in caplog.text


@pytest.mark.parametrize(
    "entry", ["python3 -I open.py %s", "node open.js", "/opt/vscode/helpers/browser.sh", "open.sh %s"]
)
def test_a_script_of_the_person_is_started_with_the_link_as_an_argument(entry):
    command = browser_command(URL, {"BROWSER": entry}, "linux", lambda name: name)
    assert command == [*entry.removesuffix(" %s").split(), URL]


@requirement("AUT-13")
@pytest.mark.parametrize("entry", ["xdg-open", "x-www-browser %s", "gio open", "sensible-browser"])
def test_an_opener_that_may_be_wslview_under_another_name_is_passed_over_under_wsl(entry):
    assert browser_command(URL, {"BROWSER": entry}, WSL, {RUNDLL: RUNDLL, entry.split()[0]: "x"}.get) == [
        RUNDLL,
        HANDLER,
        URL,
    ]
    assert browser_command(URL, {"BROWSER": entry}, "linux", lambda name: name) is not None


@requirement("AUT-13")
def test_a_name_that_leads_to_such_a_program_is_passed_over():
    leads = {"browser": "/usr/bin/wslview", "w3m": "/usr/bin/w3m"}
    assert browser_command(URL, {"BROWSER": "browser:w3m"}, "linux", leads.get) == ["w3m", URL]


@pytest.mark.parametrize(
    ("environment", "system", "release", "told"),
    [
        ({"WSL_DISTRO_NAME": "Debian"}, "linux", "5.15", WSL),
        ({"WSL_INTEROP": "/run/WSL/8_interop"}, "linux", "5.15", WSL),
        ({}, "linux", "5.15.153.1-microsoft-standard-WSL2", WSL),
        ({}, "linux", "4.4.0-19041-Microsoft", WSL),
        ({}, "linux", "6.1.0-13-amd64", "linux"),
        ({"WSL_DISTRO_NAME": "Debian"}, "darwin", "23.0", "darwin"),
    ],
)
def test_wsl_is_told_from_other_linux(environment, system, release, told):
    assert platform_of(environment, system, release) == told


ENCODINGS = {
    URL: URL,
    HOSTILE: ENCODED,
    ENCODED: ENCODED,
    "https://as.example": "https://as.example",
    "https://as.example?a=b": "https://as.example?a=b",
    "http://[::1]:8080/a": "http://[::1]:8080/a",
    "https://as.example/a;b=c/d&e": "https://as.example/a%3Bb=c/d%26e",
    "https://as.example/?scope=a+b%20c&u=https://x/?y": "https://as.example/?scope=a+b%20c&u=https://x/?y",
    "https://as.example/?": "https://as.example/?",
    "https://as.example/%?%4&%zz%41": "https://as.example/%25?%254&%25zz%41=",
    "https://as.example/device?WDJB-MJHT": "https://as.example/device?WDJB-MJHT",
    "https://as.example/?&&reboot&/bin/id&a": "https://as.example/?&&reboot=&/bin/id=&a=",
    "https://as.example//x//y": "https://as.example//x//y",
}


@requirement("AUT-14")
@pytest.mark.parametrize(("url", "encoded"), ENCODINGS.items())
def test_what_a_shell_reads_is_percent_encoded_and_the_url_means_the_same(url, encoded):
    assert encode_for_browser(url) == encoded
    assert not READ_BY_A_SHELL & set(encoded.removeprefix("http://[::1]"))
    one, other = urlsplit(url), urlsplit(encoded)
    assert one[:2] == other[:2]
    assert unquote(one.path) == unquote(other.path)
    assert parse_qsl(one.query, keep_blank_values=True) == parse_qsl(other.query, keep_blank_values=True)


def test_half_of_a_surrogate_pair_becomes_a_question_mark():
    assert encode_for_browser("https://as.example/a?b=\ud800") == "https://as.example/a?b=%3F"


@requirement("AUT-13")
@pytest.mark.parametrize("entry", ["b", "b %s", "b --url=%s", "b '%s'", 'b "%s" %s'])
def test_a_link_is_one_word_of_the_command_whatever_is_in_it(entry):
    command = browser_command(HOSTILE, {"BROWSER": entry}, "linux", lambda name: name)
    assert command[0] == "b"
    assert len(command) == max(2, len(entry.split()))
    assert all(word in ("b", HOSTILE, f"--url={HOSTILE}") for word in command)


PROGRAM = """#!{python} -IS
import json, os, sys
print("noise from the browser")
print("more noise", file=sys.stderr)
report = {{"arguments": sys.argv, "leads its session": os.getsid(0) == os.getpid(), "input": sys.stdin.read()}}
report["environment"] = dict(os.environ)
report["browser"] = os.environ.get("BROWSER")
with open({report!r}, "w") as file:
    json.dump(report, file)
"""


class Program:
    """A program of this test, started as a browser; it reports through a pipe with a name."""

    def __init__(self, folder, name):
        self.path = folder / name
        self._report = folder / "report"
        os.mkfifo(self._report)
        self.path.write_text(PROGRAM.format(python=sys.executable, report=str(self._report)))
        self.path.chmod(0o700)

    def report(self):
        return json.loads(self._report.read_text())


@requirement("AUT-13")
@pytest.mark.parametrize("way", ["BROWSER", "BROWSER %s", "xdg-open"])
def test_the_program_gets_the_link_as_one_literal_argument(tmp_path, monkeypatch, capfd, way, wait_for_browsers):
    program = Program(tmp_path, "xdg-open")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("BROWSER", way.replace("BROWSER", "xdg-open") if "BROWSER" in way else "")
    assert open_browser(HOSTILE)
    report = program.report()
    assert report["arguments"] == [str(program.path), ENCODED]
    assert not READ_BY_A_SHELL & set(report["arguments"][1])
    wait_for_browsers()
    assert capfd.readouterr() == ("", "")


OPENERS = {
    "xdg-open": ("xdg-open", X11, []),
    "gio": ("gio", X11, ["open"]),
    "x-www-browser": ("x-www-browser", WAYLAND, []),
    "rundll32 under WSL": ("rundll32.exe", {"WSL_DISTRO_NAME": "Debian"}, [HANDLER]),
    "BROWSER": ("firefox", {"BROWSER": "firefox"}, []),
    "BROWSER with options": ("firefox", {"BROWSER": "firefox -P 'my own' %s"}, ["-P", "my own"]),
    "BROWSER by its path": ("firefox", {"BROWSER": "{folder}/firefox %s"}, []),
}


@requirement("AUT-13")
@pytest.mark.parametrize(("name", "environment", "before"), OPENERS.values(), ids=OPENERS.keys())
def test_every_opener_gets_the_link_as_one_literal_argument_and_no_secret_of_the_environment(
    name, environment, before, tmp_path, monkeypatch, wait_for_browsers
):
    """Rows I1, I14."""
    program = Program(tmp_path, name)
    for variable in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME", "WSL_INTEROP"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in {**environment, "PATH": str(tmp_path)}.items():
        monkeypatch.setenv(variable, value.replace("{folder}", str(tmp_path)))
    for variable in ("VALETKEY_STORE_KEY", "OPENAI_API_KEY", "DATABASE_URL", "AWS_SESSION_TOKEN", "XDG_TOKEN"):
        monkeypatch.setenv(variable, "canary-77")
    monkeypatch.setenv("https_proxy", "http://user:canary-77@proxy.example:3128")
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "GNOME")
    assert open_browser(HOSTILE)
    report = program.report()
    assert report["arguments"] == [str(program.path), *before, ENCODED]
    assert "canary-77" not in json.dumps(report)
    assert report["environment"]["XDG_CURRENT_DESKTOP"] == "GNOME"
    wait_for_browsers()


@requirement("AUT-13")
@pytest.mark.parametrize("path", ["", ".", ":", "bin", "./bin:.:"])
@pytest.mark.parametrize("entry", ["", "xdg-open", "./xdg-open %s", "bin/xdg-open"])
def test_no_program_of_the_folder_that_this_program_runs_in_is_started(
    entry, path, tmp_path, monkeypatch, wait_for_browsers
):
    """A project from elsewhere may hold a program of that name. Row I1."""
    (tmp_path / "bin").mkdir()
    for folder in (tmp_path, tmp_path / "bin"):
        (folder / "xdg-open").write_text(f"#!/bin/sh\n/usr/bin/touch {tmp_path}/started\n")
        (folder / "xdg-open").chmod(0o700)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", path)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("BROWSER", entry)
    assert not open_browser(URL)
    wait_for_browsers()
    assert not (tmp_path / "started").exists()


WSLVIEW = """#!/bin/sh
exec powershell.exe -NoProfile -NonInteractive -Command "[Console]::OutputEncoding = $utf8; Start \\"$*\\""
"""
"""Builds a command text for PowerShell, as `wslview` of wslu does; in double quotes, PowerShell evaluates `$(...)`."""


class Wsl:
    """A Linux under Windows: `wslview` under all of its names, and recorders in place of the programs of Windows."""

    def __init__(self, folder, monkeypatch, *recorders):
        self.folder = folder
        for name in ("wslview", "x-www-browser", "www-browser", "xdg-open"):
            (folder / name).write_text(WSLVIEW)
            (folder / name).chmod(0o700)
        for name in recorders:
            (folder / name).write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" >> {folder}/{name}.got\n")
            (folder / name).chmod(0o700)
        monkeypatch.setenv("PATH", f"{folder}:/bin")
        monkeypatch.setenv("WSL_DISTRO_NAME", "Debian")
        monkeypatch.setenv("DISPLAY", ":0")

    def got(self, name):
        report = self.folder / f"{name}.got"
        return report.read_text().splitlines() if report.exists() else None


def test_the_opener_of_wsl_would_hand_a_raw_link_to_powershell_as_a_command(tmp_path, monkeypatch):
    """What the other tests keep from happening does happen without them."""
    wsl = Wsl(tmp_path, monkeypatch, "powershell.exe")
    subprocess.run([tmp_path / "wslview", HOSTILE], check=True)
    assert "$(calc.exe)" in wsl.got("powershell.exe")[-1]


def test_the_opener_of_wsl_would_find_nothing_to_run_in_what_we_open(tmp_path, monkeypatch):
    """The second line of defence alone. Row I1."""
    wsl = Wsl(tmp_path, monkeypatch, "powershell.exe")
    subprocess.run([tmp_path / "wslview", encode_for_browser(HOSTILE)], check=True)
    assert wsl.got("powershell.exe")[-1].endswith(f'Start "{ENCODED}"')
    assert not set("$`;'()") & set(wsl.got("powershell.exe")[-1].partition("Start ")[2])


@requirement("AUT-13")
@pytest.mark.parametrize("browser", ["", "wslview", "/{folder}/wslview", "www-browser", "x-www-browser %s", "xdg-open"])
def test_under_wsl_the_link_goes_to_windows_without_powershell(browser, tmp_path, monkeypatch, wait_for_browsers):
    """The first line of defence. Row I1."""
    wsl = Wsl(tmp_path, monkeypatch, "powershell.exe", "cmd.exe", "rundll32.exe")
    monkeypatch.setenv("BROWSER", browser.replace("/{folder}", str(tmp_path)))
    assert open_browser(HOSTILE)
    wait_for_browsers()
    assert wsl.got("powershell.exe") is None
    assert wsl.got("cmd.exe") is None
    assert wsl.got("rundll32.exe") == [HANDLER, ENCODED]


FORGETS_TO_QUOTE = [
    'sh -c "browser $1; wait"',
    'sh -c "exec 2>&1; browser $1 & wait"',
    "sh -c 'eval browser $0; wait' $1",
    "eval browser $1; wait",
    'eval "browser $@"; wait',
    "browser $1",
]


@pytest.mark.parametrize("script", FORGETS_TO_QUOTE)
def test_a_script_of_the_person_that_forgets_to_quote_the_link_runs_no_program_that_the_server_names(
    script, tmp_path, monkeypatch, wait_for_browsers
):
    """It may cut the link short at an `&`; what follows only assigns. Row I1."""
    for name in ("browser", "calc", "id"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {name} >> {tmp_path}/started\n")
        (tmp_path / name).chmod(0o700)
    (tmp_path / "open.sh").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "open.sh").chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setenv("BROWSER", "open.sh")
    assert open_browser(f"https://as.example/a/$(id)?calc&calc&{tmp_path}/calc&x&id;id&calc%20x")
    wait_for_browsers()
    assert (tmp_path / "started").read_text() == "browser\n"


@requirement("AUT-13")
def test_no_opener_of_the_system_starts_an_entry_of_browser_that_was_passed_over(
    tmp_path, monkeypatch, wait_for_browsers
):
    """`xdg-open` reads BROWSER too."""
    program = Program(tmp_path, "xdg-open")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("BROWSER", 'sh -c "xdg-open %s"')
    monkeypatch.delenv("WSL_DISTRO_NAME", raising=False)
    assert open_browser(URL)
    report = program.report()
    assert report["arguments"] == [str(program.path), URL]
    assert report["browser"] is None
    wait_for_browsers()


@requirement("AUT-13", "AUT-14")
def test_a_hostile_endpoint_reaches_the_browser_and_the_person_in_the_same_harmless_form(
    tmp_path, monkeypatch, capsys, wait_for_browsers
):
    """Under WSL, with the program of Windows played by one of this test."""
    program = Program(tmp_path, "rundll32.exe")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("WSL_DISTRO_NAME", "Debian")
    monkeypatch.delenv("BROWSER", raising=False)
    pending = replace(PENDING, server=replace(PENDING.server, authorization_endpoint=HOSTILE))
    link = authorization_url(pending)
    cancelled = threading.Event()
    cancelled.set()
    prompt = LoginPrompt("https://mcp.example", "https://as.example", link)
    with open_login("auto").open(None, fixed=False) as attempt, pytest.raises(LoginFailed):
        attempt.ask(prompt, seconds=30, cancelled=cancelled)
    arguments = program.report()["arguments"]
    assert arguments == [str(program.path), HANDLER, link]
    assert f"\n    {link}\n" in capsys.readouterr().err
    assert not READ_BY_A_SHELL & set(link)
    assert link.startswith(f"{ENCODED}&response_type=code&")
    wait_for_browsers()


def test_the_program_has_no_hold_on_the_terminal(tmp_path, monkeypatch, wait_for_browsers):
    """Ctrl+C in the terminal does not close the browser, and the browser does not read what is typed."""
    program = Program(tmp_path, "browser")
    monkeypatch.setenv("BROWSER", str(program.path))
    assert open_browser(URL)
    report = program.report()
    assert report["leads its session"]
    assert report["input"] == ""
    wait_for_browsers()


def test_without_a_display_nothing_is_started(tmp_path, monkeypatch, wait_for_browsers):
    (tmp_path / "xdg-open").write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    (tmp_path / "xdg-open").chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)
    assert not open_browser(URL)
    wait_for_browsers()
    assert not (tmp_path / "started").exists()


def test_a_program_that_cannot_be_started_is_no_browser(tmp_path, monkeypatch):
    program = tmp_path / "browser"
    program.write_text("#!/nowhere/interpreter\n")
    program.chmod(0o700)
    monkeypatch.setenv("BROWSER", str(program))
    assert not open_browser(URL)


REFUSED = [
    "javascript:alert(1)",
    "JavaScript:alert(1)//https://as.example",
    " javascript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "file:///etc/passwd",
    "FILE:///etc/passwd",
    "vbscript:x",
    "ms-settings:x",
    "as.example/authorize",
    "//as.example/authorize",
    "--new-window",
    "",
    "http://as.example/authorize",
    "http://10.0.0.5/authorize",
    "http://127.0.0.1.evil.example/authorize",
    "https://good.example@evil.example/authorize",
    "https://as.example/authorize#fragment",
    "https://as.example/a b",
    'https://as.example/"&calc',
    "https://as.example/`id`",
    "https://as.example/|id",
    "https://as.example/\\evil.example",
    "https://as.example/\nX: y",
    "https://as.example/\x00",
    "https://аs.example/authorize",
]


@requirement("AUT-12", "AUT-14")
@pytest.mark.parametrize("url", REFUSED)
def test_what_is_no_page_for_a_browser_is_refused_and_starts_nothing(url, tmp_path, monkeypatch, wait_for_browsers):
    started = tmp_path / "started"
    (tmp_path / "browser").write_text(f"#!/bin/sh\n/usr/bin/touch {started}\n")
    (tmp_path / "browser").chmod(0o700)
    monkeypatch.setenv("BROWSER", str(tmp_path / "browser"))
    with pytest.raises(InsecureEndpoint):
        open_browser(url)
    wait_for_browsers()
    assert not started.exists()


@requirement("AUT-12")
@pytest.mark.parametrize(
    "url", ["HTTPS://as.example/authorize", "http://localhost:8080/authorize", "http://[::1]:8080/authorize"]
)
def test_https_and_this_computer_are_opened(url, tmp_path, monkeypatch, wait_for_browsers):
    program = Program(tmp_path, "browser")
    monkeypatch.setenv("BROWSER", str(program.path))
    assert open_browser(url)
    assert program.report()["arguments"][1:] == [url]
    wait_for_browsers()
