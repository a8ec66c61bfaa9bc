# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The authorization server of the benchmarks: logs every person in at once, rotates refresh tokens, punishes their reuse.

Everything is kept in memory, so what a request takes is the client's time and the network's.
"""

import base64
import json
import secrets
import time
from typing import Any
from urllib.parse import unquote_plus, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

MACHINE = ("machine", "machine-secret")
"""The client that the client credentials grant knows from the start."""
SCOPE = "mcp"


class AuthorizationServer:
    """
    Issues tokens for one MCP server.

    :param issuer: Its issuer, which is also the MCP server's origin.
    """

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.life = 3600
        self.reuses = 0
        self._access: dict[str, float] = {}
        self._refresh: dict[str, tuple[str, bool]] = {}  # the family, and whether it has been spent
        self._ended: set[str] = set()
        self._codes: set[str] = set()

    def accepts(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        return scheme.lower() == "bearer" and time.time() < self._access.get(token, 0.0)

    def revoke(self) -> None:
        """Forget every access token before its time; refresh tokens stay."""
        self._access.clear()

    def routes(self) -> list[Route]:
        return [
            Route("/.well-known/oauth-protected-resource/mcp", self._describe_resource),
            Route("/.well-known/oauth-authorization-server", self._describe),
            Route("/oauth/register", self._register, methods=["POST"]),
            Route("/oauth/authorize", self._authorize),
            Route("/oauth/token", self._token, methods=["POST"]),
        ]

    async def _describe_resource(self, _: Request) -> Response:
        document = {"resource": f"{self.issuer}/mcp", "authorization_servers": [self.issuer]}
        return JSONResponse({**document, "scopes_supported": [SCOPE]})

    async def _describe(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/oauth/authorize",
                "token_endpoint": f"{self.issuer}/oauth/token",
                "registration_endpoint": f"{self.issuer}/oauth/register",
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["none", "client_secret_basic"],
                "authorization_response_iss_parameter_supported": True,
                "scopes_supported": [SCOPE],
            }
        )

    async def _register(self, request: Request) -> Response:
        asked: dict[str, Any] = json.loads(await request.body())
        known = {"client_id": secrets.token_hex(8), "token_endpoint_auth_method": "none"}
        return JSONResponse({**asked, **known}, status_code=201)

    async def _authorize(self, request: Request) -> Response:
        asked = request.query_params
        code = secrets.token_urlsafe(32)
        self._codes.add(code)
        answer = urlencode({"code": code, "state": asked["state"], "iss": self.issuer})
        return RedirectResponse(f"{asked['redirect_uri']}?{answer}", status_code=302)

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        grant = str(form.get("grant_type"))
        request.state.entry["grant_type"] = grant
        if grant == "authorization_code" and str(form["code"]) in self._codes:
            self._codes.discard(str(form["code"]))
            return self._issue(secrets.token_hex(4))
        if grant == "client_credentials" and _is_machine(request):
            return self._issue(None)
        if grant == "refresh_token":
            return self._rotate(str(form["refresh_token"]))
        return _refused()

    def _rotate(self, token: str) -> Response:
        family, is_spent = self._refresh.get(token, ("", False))
        if is_spent:  # RFC 9700 §4.14.2: there may be a copy, so the grant ends for all holders
            self.reuses += 1
            self._ended.add(family)
        if not family or family in self._ended:
            return _refused()
        self._refresh[token] = (family, True)
        return self._issue(family)

    def _issue(self, family: str | None) -> Response:
        access_token = secrets.token_urlsafe(32)
        self._access[access_token] = time.time() + self.life
        answer = {"access_token": access_token, "token_type": "Bearer", "expires_in": self.life, "scope": SCOPE}
        if family is not None:
            refresh_token = secrets.token_urlsafe(32)
            self._refresh[refresh_token] = (family, False)
            answer["refresh_token"] = refresh_token
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})


def _refused() -> Response:
    return JSONResponse({"error": "invalid_grant"}, status_code=400)


def _is_machine(request: Request) -> bool:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    shown = base64.b64decode(credentials).decode().partition(":")
    return scheme.lower() == "basic" and (unquote_plus(shown[0]), unquote_plus(shown[2])) == MACHINE
