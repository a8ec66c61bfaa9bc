# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""An MCP server that takes only tokens that are bound to a key, and checks every proof."""

import time

from tests.adapters.server import Answer, McpServer, Seen
from tests.fakes.dpop import ProofChecks


class BoundMcpServer(McpServer):
    """
    The MCP server; its authorization server binds tokens to keys.

    `proofs` says what it wants of proofs. With an answer it gives the next of `next_nonces`, and wants that then.
    """

    def __init__(self) -> None:
        says = {"dpop_signing_alg_values_supported": ["ES256"]}
        super().__init__(says_further=says, proofs=ProofChecks(now=time.time))
        self.proofs = ProofChecks(now=time.time)
        self.next_nonces: list[str] = []
        self.routes["/mcp"] = self.guarded

    def guarded(self, seen: Seen) -> Answer:
        """
        Answer a request if its token and its proof are good.

        :param seen: The request.
        :returns: The answer.
        """
        scheme, _, token = (seen.field("authorization") or "").partition(" ")
        if scheme != "DPoP" or not self.authorization.accepts(token):
            return self._refuses("invalid_token")
        method, target = seen.line.split()[:2]
        key, error = self.proofs.check(seen.fields, method, self.origin + target, token)
        if error is not None:
            return self._refuses(error)
        if key is None or key != self.authorization.key_of(token):
            return self._refuses("invalid_token")
        if self.next_nonces:
            self.proofs.nonce = self.next_nonces.pop(0)
        return Answer(200, (("Content-Type", "application/json"), *self._nonce()))

    def _nonce(self) -> tuple[tuple[str, str], ...]:
        return () if self.proofs.nonce is None else (("DPoP-Nonce", self.proofs.nonce),)

    def _refuses(self, error: str) -> Answer:
        challenge = f'DPoP error="{error}", algs="ES256", resource_metadata="{self.metadata_url}"'
        nonce = self._nonce() if error == "use_dpop_nonce" else ()
        return Answer(401, (("WWW-Authenticate", challenge), *nonce), b"unauthorized")
