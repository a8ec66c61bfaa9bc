# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
An MCP client as a user would write it: `client.py URL` connects, lists the tools, calls the first one and closes.

The conformance suite starts it with these variables in the environment:

* `MCP_CONFORMANCE_PROTOCOL_VERSION`: the protocol version the server speaks.
* `MCP_CONFORMANCE_CONTEXT`: a JSON object with what a user would have been given beforehand, such as a client id. What
  is in there decides alone what `OAuth` is told; the name of the scenario is never looked at.

The last line on standard error names the class of the error that ended the program.
"""

import asyncio
import faulthandler
import importlib.metadata
import json
import logging
import os
import re
import sys
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from valetkey import AuthError, ConfigurationError, IdentityProvider, RegisteredClient, Secret
from valetkey.login import LoginPrompt
from valetkey.settings import Settings

_SDK_1 = importlib.metadata.version("mcp").startswith("1.")
_STATELESS = "2026-07-28"
"""The first protocol version without a handshake; versions are dates, so text compares as they do."""
_REDIRECT_URI = "http://localhost:3000/callback"
_CLIENT_METADATA_URL = "https://conformance-test.local/client-metadata.json"
_SECONDS = 45.0
"""A client that hangs says where it hangs, and ends."""


class ScriptedVisit:
    """
    One login, by a person who says yes to everything.

    :param redirect_uri: Where the answer is sent; nobody listens there, because nobody has to.
    """

    def __init__(self, redirect_uri: str) -> None:
        self.redirect_uri = redirect_uri

    def ask(self, prompt: LoginPrompt, *, seconds: float, cancelled: threading.Event) -> str:
        """Open the link once and give the address that the browser would go to next."""
        response = httpx2.get(prompt.authorization_url, follow_redirects=False, timeout=seconds, trust_env=False)
        return response.headers["location"]

    def conclude(self, error: AuthError | None) -> None:
        """Show nothing: nobody looks."""

    def __enter__(self) -> "ScriptedVisit":
        return self

    def __exit__(self, *exception: object) -> None:
        """Keep nothing."""


class ScriptedLogin:
    """A browser without a screen, in the place of the user's."""

    def open(self, redirect_uri: str | None, *, fixed: bool) -> ScriptedVisit:
        """Start a login at the given address, or at one of our own."""
        return ScriptedVisit(redirect_uri or _REDIRECT_URI)


def options_from(given: Mapping[str, str]) -> dict[str, Any]:
    """
    Say to `Settings` what a user was given.

    :param given: The context of the suite.
    :returns: Keyword arguments of `Settings`.
    """
    options: dict[str, Any] = {"client_metadata_url": _CLIENT_METADATA_URL}
    if "issuer" in given:  # a client that somebody registered there, so that people can log in
        options["clients"] = [RegisteredClient(given["issuer"], given["client_id"], Secret(given["client_secret"]))]
    elif "client_id" in given:
        options["client_id"] = given["client_id"]
        if "client_secret" in given:
            options["client_secret"] = Secret(given["client_secret"])
    if "private_key_pem" in given:
        options["private_key"] = Secret(given["private_key_pem"])
        options["signing_algorithm"] = given["signing_algorithm"]
    if "valid_jwt" in given:
        options["workload_token"] = lambda _audience: given["valid_jwt"]
    if "idp_id_token" in given:
        options["identity_provider"] = _identity_provider(given)
    return options


def _identity_provider(given: Mapping[str, str]) -> IdentityProvider:
    return IdentityProvider(
        issuer=given["idp_issuer"],
        token_endpoint=given["idp_token_endpoint"],
        client_id=given["idp_client_id"],
        client_secret=Secret(given["idp_client_secret"]) if "idp_client_secret" in given else None,
        id_token=Secret(given["idp_id_token"]),
    )


def extensions_of(options: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """
    List the protocol extensions that a client declares because of its options.

    :param options: Keyword arguments of `Settings`.
    :returns: The extensions with their settings; none has any.
    """
    used = ["io.modelcontextprotocol/auth/dpop"]  # always ready: the server says whether it wants it
    if "identity_provider" in options:
        used.append("io.modelcontextprotocol/enterprise-managed-authorization")
    elif "workload_token" in options:
        used.append("io.modelcontextprotocol/auth/wif")
    elif {"client_secret", "private_key"} & options.keys():
        used.append("io.modelcontextprotocol/oauth-client-credentials")
    return {name: {} for name in used}


@asynccontextmanager
async def connected(url: str, options: Mapping[str, Any]) -> AsyncIterator[ClientSession]:
    """
    Open the MCP session of the installed SDK, with the HTTP library it works with.

    :param url: The URL of the MCP server.
    :param options: Keyword arguments of `Settings`.
    :returns: The session; nothing was sent yet.
    """
    keywords: dict[str, Any] = {"login": ScriptedLogin(), "store": "memory:", "settings": Settings(**options)}
    http_client: Any
    if _SDK_1:
        import httpx

        from valetkey.httpx import OAuth as OAuthForHttpx

        http_client = httpx.AsyncClient(auth=OAuthForHttpx(url, **keywords))
        declared: dict[str, Any] = {}  # this SDK knows no extensions
    else:
        from valetkey.httpx2 import OAuth

        http_client = httpx2.AsyncClient(auth=OAuth(url, **keywords))
        declared = {"extensions": extensions_of(options)}
    async with (
        http_client,
        streamable_http_client(url, http_client=http_client) as (read, write, *_),
        ClientSession(read, write, **declared) as session,
    ):
        yield session


async def use_a_tool(url: str, version: str, options: Mapping[str, Any]) -> None:
    """
    Do what every scenario wants.

    :param url: The URL of the MCP server.
    :param version: The protocol version it speaks.
    :param options: Keyword arguments of `Settings`.
    """
    async with connected(url, options) as session:
        if version >= _STATELESS:
            await session.discover()
        else:
            await session.initialize()
        tools = (await session.list_tools()).tools
        await session.call_tool(tools[0].name, {})


def reason(error: BaseException) -> BaseException:
    """
    Find the error inside the groups that the SDK's task groups put around it.

    :param error: What was raised.
    :returns: The first error of Valetkey, or else the first of all.
    """
    if not isinstance(error, BaseExceptionGroup):
        return error
    found = [reason(inner) for inner in error.exceptions]
    return next((inner for inner in found if isinstance(inner, AuthError)), found[0])


def run(url: str, version: str, options: dict[str, Any]) -> None:
    """
    Do it once more where the error's hint names the issuer of a secret: the suite gives secrets without their issuer.

    :param url: The URL of the MCP server.
    :param version: The protocol version it speaks.
    :param options: Keyword arguments of `Settings`.
    """
    try:
        asyncio.run(use_a_tool(url, version, options))
    except Exception as error:
        cause = reason(error)
        named = re.search(r"give issuer='([^']+)'", cause.hint) if isinstance(cause, ConfigurationError) else None
        if named is None:
            raise
        asyncio.run(use_a_tool(url, version, {**options, "issuer": named[1]}))


def main(url: str, environment: Mapping[str, str]) -> int:
    """
    Run as a program.

    :param url: The URL of the MCP server.
    :param environment: The environment.
    :returns: The exit status.
    """
    faulthandler.dump_traceback_later(_SECONDS, exit=True)
    logging.basicConfig(format="%(name)s: %(message)s")
    logging.getLogger("valetkey.requests").setLevel(logging.INFO)
    given = json.loads(environment.get("MCP_CONFORMANCE_CONTEXT", "{}"))
    try:
        run(url, environment["MCP_CONFORMANCE_PROTOCOL_VERSION"], options_from(given))
    except Exception as error:  # noqa: BLE001 - whatever it is, its name comes last
        cause = reason(error)
        sys.stderr.write(f"{cause}\n{type(cause).__name__}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], os.environ))
