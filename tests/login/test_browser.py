# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which program opens a link, that it gets the link and nothing else, and which links are never opened."""

import json
import os
import sys
import threading

import pytest

from tests.requirements import requirement
from valetkey.errors import InsecureEndpoint
from valetkey.login.browser import browser_command, open_browser


@pytest.fixture
def wait_for_browsers():
    """Each program this test starts has a thread that waits for its end, so that none becomes a zombie."""
    from_others = set(threading.enumerate())  # a login of another test may still have its browser open

    def wait():
        for thread in set(threading.enumerate()) - from_others:
            if thread.name == "valetkey-browser":
                thread.join(10)
                assert not thread.is_alive()

    return wait


URL = "https://as.example/authorize?client_id=a&state=b"
HOSTILE = "https://as.example/authorize?a=1&calc;$(id)&b='x'&c=%22%0A*~!&-d=$HOME;rm%20-rf&%s"
"""Everything a shell would stumble over and a URL may hold."""

X11, WAYLAND, WSL = {"DISPLAY": ":0"}, {"WAYLAND_DISPLAY": "wayland-0"}, {"WSL_DISTRO_NAME": "Debian"}

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
    "WSL": (WSL, "linux", ["wslview"], ["wslview", URL]),
    "WSL without its tools": (WSL, "linux", ["xdg-open"], None),
    "WSL without its tools, but with a display": ({**WSL, **X11}, "linux", ["xdg-open"], ["xdg-open", URL]),
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
    found = dict.fromkeys(programs, "/usr/bin/program").get
    assert browser_command(URL, environment, platform, found) == command


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
    assert report["arguments"] == [str(program.path), HOSTILE]
    wait_for_browsers()
    assert capfd.readouterr() == ("", "")


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
