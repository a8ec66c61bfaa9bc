# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What FastMCP's client keeps: read as it is stored, and once as FastMCP has really written it."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.authorization_server import ISSUER, MCP
from tests.fakes.seams import BEGINNING
from tests.fakes.threads import LONGEST_WAIT
from tests.interop.client import Exchanges, whoami
from tests.migrate.fastmcp_program import storage
from tests.migrate.files import Records
from tests.servers import fastmcp
from valetkey._discovery.target import AuthorizationTarget
from valetkey.errors import LoginRequired, MalformedDocument
from valetkey.httpx2 import OAuth
from valetkey.migrate import from_fastmcp
from valetkey.migrate.fastmcp import read_fastmcp
from valetkey.values import ResourceMetadata, Secret, ServerMetadata, Token

ROOT = Path(__file__).parent.parent.parent
TOKEN = {"access_token": "a", "token_type": "Bearer", "expires_in": 60, "scope": "mcp", "refresh_token": "r"}
CLIENT = {
    "redirect_uris": ["http://localhost:48909/callback"],
    "client_id": "c",
    "scope": "mcp openid",
    "issuer": ISSUER,
}


def use_fastmcp(url, folder):
    """Run the other program; give what its tool has answered."""
    command = [sys.executable, "-m", "tests.migrate.fastmcp_program", url, str(folder)]
    environment = {**os.environ, "FASTMCP_CHECK_FOR_UPDATES": "off"}
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LONGEST_WAIT, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_a_login_of_fastmcp_serves_here_without_another_one_and_is_renewed(tmp_path):
    with fastmcp("own") as server:
        there = use_fastmcp(server.mcp_url, tmp_path / "storage")
        taken = from_fastmcp(server.mcp_url, storage(tmp_path / "storage"), f"sqlite:///{tmp_path}/ours.db")
        assert (taken.client_id, taken.issuer, taken.renewable) == (there["client_id"], f"{server.url}/", True)
        auth = OAuth(server.mcp_url, store=f"sqlite:///{tmp_path}/ours.db", login="never")
        with Exchanges() as before:
            assert whoami(auth, server.mcp_url)[1] == there
        server.post("/control/revoke-all")
        with Exchanges() as after:
            assert whoami(auth, server.mcp_url)[1] == there
    assert before.seen == []
    assert [(did.what, did.outcome) for did in after.seen][-1] == ("refresh", "200")


def test_it_may_be_called_where_an_event_loop_runs(tmp_path):
    async def main():
        with pytest.raises(LoginRequired, match="keeps no session"):
            from_fastmcp(MCP, Records(), "memory:")

    asyncio.run(main())


def test_every_record_is_read():
    found = read_fastmcp(MCP + "/", Records(TOKEN, CLIENT, BEGINNING + 60))
    assert found.token == Token(Secret("a"), BEGINNING, BEGINNING + 60, Secret("r"), ("mcp",))
    assert (found.issuer, found.requested_scope) == (ISSUER, ("mcp", "openid"))
    assert found.client_at(ServerMetadata(ISSUER)).client_id == "c"


@pytest.mark.parametrize("token", [{**TOKEN, "expires_in": None}, TOKEN])
def test_an_end_is_known_only_together_with_the_life(token):
    """FastMCP leaves the record of an earlier token's end where it is."""
    expires_at = BEGINNING + 60 if token["expires_in"] is None else None
    assert read_fastmcp(MCP, Records(token, CLIENT, expires_at)).token.expires_at is None


def test_a_session_without_a_client_has_none():
    found = read_fastmcp(MCP, Records(TOKEN))
    assert (found.client_at(ServerMetadata(ISSUER)), found.requested_scope, found.issuer) == (None, None, None)


def test_what_is_no_token_is_an_error():
    with pytest.raises(MalformedDocument, match="not what FastMCP writes"):
        read_fastmcp(MCP, Records({"token": "a"}))


def test_the_resource_is_the_one_that_is_published():
    found = AuthorizationTarget(
        "https://mcp.example.com", None, ServerMetadata(ISSUER), metadata=ResourceMetadata(MCP, (ISSUER,))
    )
    assert read_fastmcp(MCP, Records(TOKEN)).resource_of(found) == "https://mcp.example.com"
