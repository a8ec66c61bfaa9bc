# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Fakes of the system's keyring: one that answers, one that waits for a person, one that is not there."""

import threading

from tests.fakes.threads import LONGEST_WAIT


class FakeKeyring:
    """A backend of the package `keyring`; the same for everybody who finds it, as the real one is for all programs."""

    def __init__(self):
        self.secrets = {}
        self.calls = []
        self.error = None
        self.answers = threading.Event()
        self.answers.set()
        self.is_forgetful = False

    def find(self):
        """Stand for the search for a backend."""
        if self.error is not None:
            raise self.error
        return self

    def get_password(self, service, username):
        self._call("get")
        return self.secrets.get((service, username))

    def set_password(self, service, username, password):
        self._call("set")
        if not self.is_forgetful:
            self.secrets[service, username] = password

    def _call(self, what):
        self.calls.append(what)
        assert self.answers.wait(LONGEST_WAIT)
