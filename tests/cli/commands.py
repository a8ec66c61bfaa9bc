# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Running a command in this process, against a real little server, with a scripted browser."""

import json
import os
from dataclasses import dataclass

from typer.testing import CliRunner

from tests.adapters.server import Answer
from tests.servers.running import browser_environment
from valetkey._cli.app import app

NOWHERE = {"BROWSER": "", "DISPLAY": "", "WAYLAND_DISPLAY": "", "WSL_DISTRO_NAME": "", "SSH_CONNECTION": ""}
"""An environment without a browser."""


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self):
        """What `--json` has written: exactly one document."""
        return json.loads(self.out)


class CommandLine:
    """The commands of one person, whose sessions are in one store."""

    def __init__(self, store):
        self.store = f"sqlite:///{store}"
        self.environment = {**NOWHERE, **browser_environment(), "VALETKEY_STORE": self.store}

    def __call__(self, *arguments, typed=None, **environment):
        given = {**self.environment, **environment}
        done = CliRunner().invoke(app, [str(each) for each in arguments], input=typed, env=given)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Done(done.exit_code, done.stdout, done.stderr)


def with_login_page(server):
    """Let a server send the browser of a person who consents back at once."""

    def consent(seen):
        return Answer(302, (("Location", server.authorization.visit(server.origin + seen.line.split()[1])),), b"")

    server.routes["/authorize"] = consent
    return server


def process_environment(commands):
    """Give the environment of a command that is a process of its own."""
    return {**os.environ, **commands.environment}
