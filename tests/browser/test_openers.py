# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The real openers of a desktop, with a recorder in place of its browser."""

import json
import os
import sys

import pytest

from tests.requirements import requirement
from valetkey.login.browser import open_browser
from valetkey.urls import encode_for_browser

HOSTILE = "https://as.example/a/$(id)/b;c?a=1&reboot&b='x'&c=%22%0A*~!&d=$HOME;%20-rf&%s,@[x]"
RECORDER = """#!{python} -IS
import json, os, sys
with open({report!r}, "w") as report:
    json.dump([sys.argv[1:], dict(os.environ)], report)
"""
DESKTOP_ENTRY = """[Desktop Entry]
Type=Application
Name=Recorder
Exec={recorder} %u
MimeType=x-scheme-handler/https;
"""


class Desktop:
    """A desktop whose browser is a recorder."""

    def __init__(self, folder, monkeypatch):
        self._report = folder / "report"
        os.mkfifo(self._report)
        recorder = folder / "recorder"
        recorder.write_text(RECORDER.format(python=sys.executable, report=str(self._report)))
        recorder.chmod(0o700)
        (folder / "applications").mkdir()
        (folder / "applications" / "recorder.desktop").write_text(DESKTOP_ENTRY.format(recorder=recorder))
        (folder / "mimeapps.list").write_text("[Default Applications]\nx-scheme-handler/https=recorder.desktop\n")
        for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "HOME"):
            monkeypatch.setenv(name, str(folder))
        for name in ("XDG_CURRENT_DESKTOP", "DESKTOP_SESSION", "BROWSER", "WSL_DISTRO_NAME", "WSL_INTEROP"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("DISPLAY", ":0")

    def report(self):
        return json.loads(self._report.read_text())


@requirement("AUT-13")
@pytest.mark.parametrize("opener", ["", "xdg-open", "xdg-open %s", "gio open", "gio open %s"])
def test_the_browser_of_a_desktop_gets_the_link_as_one_argument_and_no_secret(opener, tmp_path, monkeypatch):
    """Rows I1, I14."""
    desktop = Desktop(tmp_path, monkeypatch)
    monkeypatch.setenv("BROWSER", opener)
    monkeypatch.setenv("VALETKEY_STORE_KEY", "canary-77")
    assert open_browser(HOSTILE)
    arguments, environment = desktop.report()
    assert arguments == [encode_for_browser(HOSTILE)]
    assert "canary-77" not in environment.values()
