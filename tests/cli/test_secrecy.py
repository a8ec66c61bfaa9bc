# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""No command prints a secret, except the one that is for it; also not with `--debug`, and not where it fails."""

import re

import pytest

from tests.cli.commands import with_login_page

CLIENT = ("--client-id", "mine", "--client-secret", "env:THE_SECRET")


@pytest.fixture
def server(server):
    server.authorization.knows("mine", secret="sesame-of-the-client", method="client_secret_basic")
    return with_login_page(server)


def lived(valetkey, server):
    """Run each command once, well and badly, and give all that was printed; a link holds the state of its login."""
    given = {"THE_SECRET": "sesame-of-the-client"}
    commands = [
        ("login", server.url),
        ("login", server.url, "--label", "work"),
        ("login", server.url, "--label", "job", *CLIENT, "--issuer", server.origin),
        ("login", server.url, "--label", "odd", *CLIENT),
        ("status",),
        ("refresh",),
        ("token", server.url),
        ("token", server.url, "--label", "none"),
        ("tools", server.url, "--label", "work"),
        ("export", "other.db"),
        ("logout", server.url, "--label", "work"),
        ("logout", "--all"),
    ]
    shown = []
    for command in commands:
        for more in ((), ("--json",), ("--debug",)):
            done = valetkey(*command, *more, **given)
            shown.append(re.sub(r"\n    http\S+\n", "\n", done.out + done.err))
    return "\n".join(shown)


def test_no_secret_is_printed(valetkey, server):
    shown = lived(valetkey, server)
    secrets = {secret for secret in server.authorization.secrets if len(secret) > 5}
    assert len(secrets) > 10
    assert {secret for secret in secrets if secret in shown} == set()
    assert "Traceback" in shown  # with --debug
