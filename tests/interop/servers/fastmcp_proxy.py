# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
FastMCP's OIDCProxy: `python -m tests.interop.servers.fastmcp_proxy PORT UPSTREAM`.

It lets every client register and log in, and has one login of its own at an OpenID provider for all of them. The secret
of that is in the environment.
"""

import os
import sys

from fastmcp.server.auth import AccessToken
from fastmcp.server.auth.oidc_proxy import OIDCProxy
from key_value.aio.stores.memory import MemoryStore

from tests.interop.resource_server import SCOPE, mcp_url_at, serve
from tests.servers.process import HOST

CLIENT = "fastmcp-proxy"
SECRET_VARIABLE = "VALETKEY_TEST_PROXY_SECRET"
CALLBACK_PATH = "/auth/callback"


class RefusingProxy(OIDCProxy):
    """The proxy, until it is told to refuse the access tokens that it has seen."""

    def __init__(self, port: int, upstream: str) -> None:
        super().__init__(
            config_url=upstream + "/.well-known/openid-configuration",
            client_id=CLIENT,
            client_secret=os.environ[SECRET_VARIABLE],
            base_url=f"http://{HOST}:{port}",
            redirect_path=CALLBACK_PATH,
            audience=mcp_url_at(port),
            required_scopes=[SCOPE],
            client_storage=MemoryStore(),
            jwt_signing_key="signs the tokens of a test server",
        )
        self._known: set[str] = set()
        self._refused: set[str] = set()

    def refuse_known_tokens(self) -> None:
        """Refuse every token that was accepted so far."""
        self._refused |= self._known

    async def load_access_token(self, token: str) -> AccessToken | None:
        """Look a token up."""
        found = None if token in self._refused else await super().load_access_token(token)
        if found is not None:
            self._known.add(token)
        return found


if __name__ == "__main__":
    given_port = int(sys.argv[1])
    proxy = RefusingProxy(given_port, sys.argv[2])
    serve(proxy, given_port, proxy.refuse_known_tokens)
