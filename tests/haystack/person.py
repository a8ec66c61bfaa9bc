# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The person who logs in, as a test directs and watches them."""

from pathlib import Path

from tests.servers import browser_command, browser_program

_SCRIPTED_BROWSER = Path(__file__).parent.parent / "servers" / "scripted_browser.py"
_PATIENT_BROWSER = Path(__file__).parent / "patient_browser.py"


class Person:
    """
    Somebody who allows everything until told otherwise.

    :param folder: Where the notes of this person are kept.
    :param setenv: Sets a variable of the environment: it is how a browser is chosen, here as everywhere.
    """

    def __init__(self, folder, setenv):
        folder.mkdir()
        self.folder = folder
        self._opened = folder / "opened-urls"
        self._sign = folder / "go-on"
        self._command = folder / "command-line"
        self._setenv = setenv
        self._browser = _SCRIPTED_BROWSER
        self._settings = {}
        self._set("log", str(self._opened))

    @property
    def logins(self):
        """How often a browser was opened and a login begun."""
        return len(self._opened.read_text(encoding="utf-8").splitlines()) if self._opened.exists() else 0

    @property
    def command_line(self):
        """The command line of the browser, after `is_watched`."""
        return self._command.read_bytes()

    def denies(self):
        self._set("deny", "1")

    def allows(self):
        self._set("deny", "0")

    def takes(self, seconds):
        self._be_patient("takes", str(seconds))

    def waits(self):
        """Do nothing until `goes_on`."""
        self._sign.unlink(missing_ok=True)
        self._be_patient("waits_for", str(self._sign))

    def goes_on(self):
        self._sign.touch()

    def hurries(self):
        """Be fast from the next login on; who waits now goes on waiting."""
        self._be_patient("waits_for", "")

    def is_tampered_with(self, *, no_more=False):
        """Have somebody in between who exchanges the state on the way back."""
        self._be_patient("tampers", "0" if no_more else "1")

    def is_watched(self):
        self._be_patient("command", str(self._command))

    def _be_patient(self, setting, value):
        self._browser = _PATIENT_BROWSER
        self._set(setting, value)

    def _set(self, setting, value):
        self._settings[setting] = value
        self._setenv("BROWSER", browser_command(browser_program(self._browser), self._settings))
