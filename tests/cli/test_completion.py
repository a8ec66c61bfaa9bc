# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What the shell completes, asked as a shell asks."""

import subprocess
import sys

import pytest

from tests.cli.commands import process_environment
from tests.fakes.world import a_session
from valetkey._sessions.codec import encode_session, session_key
from valetkey.settings.settings import Settings
from valetkey.store import open_store

ONE, TWO = "https://one.example.com/mcp", "https://two.example.com/mcp"


@pytest.fixture
def filled(valetkey):
    for url, label in ((ONE, "default"), (ONE, "work"), (TWO, "home")):
        settings = {"url": url, "principal": "local", "label": label}
        open_store(valetkey.store).put(session_key(Settings(**settings)), encode_session(a_session(), settings))
    return valetkey


def completed(commands, *words, **environment):
    code = "import sys; sys.argv[0] = 'valetkey'; from valetkey.__main__ import main; main()"
    asked = {
        "_VALETKEY_COMPLETE": "complete_bash",
        "COMP_WORDS": "\n".join(("valetkey", *words)),  # as the script for bash puts them together
        "COMP_CWORD": str(len(words)),
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**process_environment(commands), **asked, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_the_url_of_a_session_is_completed(filled):
    assert completed(filled, "token", "https") == [ONE, TWO]
    assert completed(filled, "token", "https://two") == [TWO]


def test_the_account_is_one_of_that_url(filled):
    assert completed(filled, "token", ONE, "--label", "w") == ["work"]
    assert completed(filled, "token", ONE, "--label", "") == ["default", "work"]
    assert completed(filled, "token", TWO, "--label", "w") == []
    assert completed(filled, "status", "--label", "") == ["default", "home", "work"]


def test_a_url_that_bash_has_taken_apart_at_its_colons_is_completed(filled):
    assert completed(filled, "token", "https", ":") == ["//one.example.com/mcp", "//two.example.com/mcp"]
    assert completed(filled, "token", "https", ":", "//two") == ["//two.example.com/mcp"]
    with_port = "http://127.0.0.1:8765/mcp"
    settings = {"url": with_port, "principal": "local", "label": "port"}
    open_store(filled.store).put(session_key(Settings(**settings)), encode_session(a_session(), settings))
    assert completed(filled, "token", "http", ":", "//127.0.0.1", ":") == ["8765/mcp"]
    assert completed(filled, "token", "http", ":", "//127.0.0.1", ":", "87") == ["8765/mcp"]
    assert completed(filled, "token", "http", ":", "//127.0.0.1", ":", "8765/mcp", "--label", "") == ["port"]
    assert completed(filled, "token", "https", ":", "//one.example.com/mcp", "--label", "w") == ["work"]


def test_commands_and_options_are_completed_too(filled):
    assert "--header" in completed(filled, "token", "--h")


def test_a_store_in_trouble_completes_nothing_and_prints_nothing(filled):
    assert completed(filled, "token", "https", VALETKEY_STORE="sqlite:////dev/null/none.db") == []
