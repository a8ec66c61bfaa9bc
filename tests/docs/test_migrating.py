# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Every snippet of the page about migrating runs as it stands there; only its addresses lead to this machine."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.threads import LONGEST_WAIT
from tests.migrate import files
from tests.migrate.fastmcp_program import KEY
from tests.migrate.test_fastmcp import use_fastmcp
from tests.servers import browser_environment, fastmcp
from valetkey.httpx2 import OAuth
from valetkey.migrate.mcp_remote import Invocation
from valetkey.store.backends.sqlite import SqliteStore

ROOT = Path(__file__).parent.parent.parent
SNIPPETS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "migrating.md").read_text(encoding="utf-8"), re.DOTALL)


def run(word, folder, url=""):
    (code,) = [text for text in SNIPPETS if word in text]
    command = [sys.executable, "-W", "error", "-c", code.replace("https://mcp.example.com/mcp", url)]
    environment = {"HOME": str(folder), "VALETKEY_STORE": f"sqlite:///{folder}/ours.db", "NO_PROXY": "127.0.0.1"}
    ended = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=LONGEST_WAIT, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def server():
    with fastmcp("own") as running:
        yield running


def test_every_snippet_is_run_here():
    words = ("from_mcp_remote", "from_fastmcp", "move_store")
    assert [sum(word in text for text in SNIPPETS) for word in words] == [1, 1, 1]
    assert len(SNIPPETS) == 3


def test_a_session_of_mcp_remote_is_migrated(server, tmp_path, monkeypatch):
    store = f"sqlite:///{tmp_path}/of-another.db"
    for name, value in browser_environment(log=tmp_path / "visits.txt").items():
        monkeypatch.setenv(name, value)
    auth = OAuth(server.mcp_url, store=store)
    token = auth.engine.replace(None)
    session = auth.engine.session
    registration = {
        "client_id": session.client.client_id,
        "redirect_uris": [session.client.redirect_uri],
        "token_endpoint_auth_method": "none",
        "issuer": session.issuer,
    }
    tokens = {"access_token": token.access_token.reveal(), "refresh_token": token.refresh_token.reveal()}
    files.write(tmp_path / ".mcp-auth", tokens, registration, invocation=Invocation(server.mcp_url))
    assert run("from_mcp_remote", tmp_path, server.mcp_url) == f"mcp-remote {server.url}/ True\n"
    taken = OAuth(server.mcp_url, store=f"sqlite:///{tmp_path}/ours.db", login="never").engine.current()
    assert taken.access_token == token.access_token


def test_a_session_of_fastmcp_is_migrated(server, tmp_path):
    folder = tmp_path / ".my-agent" / "tokens"
    folder.mkdir(parents=True)
    (folder / "key").write_bytes(KEY)
    use_fastmcp(server.mcp_url, folder)
    assert run("from_fastmcp", tmp_path, server.mcp_url) == f"FastMCP {server.url}/ True\n"


def test_a_store_is_moved(tmp_path):
    old = SqliteStore(tmp_path / "old" / "credentials.db")
    old.put("session:1", b"{}")
    assert run("move_store", tmp_path) == "1 records moved\n"
    assert (old.keys(), SqliteStore(tmp_path / "new" / "credentials.db").keys()) == ([], ["session:1"])
