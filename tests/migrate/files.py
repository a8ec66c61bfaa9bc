# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What other programs keep, as they write it: recorded, then the addresses and secrets replaced.

mcp-remote 0.15.1 and 0.1.38 (which calls itself 0.1.37), each after a login at FastMCP.
"""

import json
import os
from pathlib import Path
from typing import Any

from tests.fakes.authorization_server import MCP
from valetkey.migrate.mcp_remote import Invocation

TOKENS = """\
{
  "access_token": "access-of-mcp-remote",
  "token_type": "Bearer",
  "expires_in": 3600,
  "scope": "mcp",
  "refresh_token": "refresh-of-mcp-remote",
  "issuer": "https://auth.example.com",
  "expires_at": 1800003000000,
  "requested_scope": "mcp openid"
}"""

CLIENT = """\
{
  "redirect_uris": [
    "http://localhost:8282/oauth/callback"
  ],
  "token_endpoint_auth_method": "client_secret_post",
  "grant_types": [
    "authorization_code",
    "refresh_token"
  ],
  "response_types": [
    "code"
  ],
  "application_type": "native",
  "client_name": "MCP CLI Client",
  "client_uri": "https://github.com/modelcontextprotocol/mcp-cli",
  "scope": "mcp",
  "software_id": "2e6dc280-f3c3-4e01-99a7-8181dbd1d23d",
  "software_version": "0.15.1",
  "client_id": "d7b033f0-a9b2-4865-96fa-52270befee0d",
  "client_secret": "secret-of-mcp-remote",
  "client_id_issued_at": 1795523555,
  "client_secret_expires_at": 0,
  "issuer": "https://auth.example.com"
}"""

OLD_TOKENS = """\
{
  "access_token": "access-of-old-mcp-remote",
  "token_type": "Bearer",
  "expires_in": 3600,
  "scope": "mcp",
  "refresh_token": "refresh-of-old-mcp-remote"
}"""

OLD_CLIENT = """\
{
  "redirect_uris": [
    "http://localhost:18737/oauth/callback"
  ],
  "token_endpoint_auth_method": "none",
  "grant_types": [
    "authorization_code",
    "refresh_token"
  ],
  "response_types": [
    "code"
  ],
  "client_name": "MCP CLI Client",
  "client_uri": "https://github.com/modelcontextprotocol/mcp-cli",
  "scope": "mcp",
  "software_id": "2e6dc280-f3c3-4e01-99a7-8181dbd1d23d",
  "software_version": "0.1.37",
  "client_id": "791a6269-ff77-4a49-bdca-e8353a631495",
  "client_id_issued_at": 1795523670
}"""


def write(
    folder: Path,
    tokens: str | dict[str, Any] | None = TOKENS,
    client: str | dict[str, Any] | None = CLIENT,
    *,
    invocation: Invocation | None = None,
    version: str = "v1",
    at: float | None = None,
) -> Path:
    """Write the files of a session as mcp-remote does, and give the folder with all of its sessions."""
    place = folder / f"mcp-remote-{version}"
    place.mkdir(parents=True, exist_ok=True)
    for name, content in {"tokens": tokens, "client_info": client}.items():
        if content is not None:
            path = place / f"{(invocation or Invocation(MCP)).digest}_{name}.json"
            path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2), encoding="utf-8")
            if at is not None:
                os.utime(path, (at, at))
    return folder


class Records:
    """
    A storage of FastMCP, in memory.

    :param token: What it keeps of the token endpoint's answer.
    :param client: What it keeps of the registration endpoint's answer.
    :param expires_at: What it keeps of the token's end.
    :param url: The MCP server.
    """

    def __init__(
        self,
        token: dict[str, Any] | None = None,
        client: dict[str, Any] | None = None,
        expires_at: float | None = None,
        url: str = MCP,
    ) -> None:
        self._records = {
            ("mcp-oauth-token", f"{url}/tokens"): token,
            ("mcp-oauth-client-info", f"{url}/client_info"): client,
            ("mcp-oauth-token-expiry", f"{url}/token_expiry"): {"expires_at": expires_at} if expires_at else None,
        }

    async def get(self, key: str, *, collection: str | None = None) -> dict[str, Any] | None:
        return self._records.get((collection or "", key))
