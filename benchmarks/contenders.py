# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Who is measured: a plain bearer token, Valetkey, and the peers. All speak httpx2, and all get the same server.

A contender keeps its store, so opening it again is what a restart of the program is.
"""

import base64
import http.client
import json
import threading
import time
import warnings
import webbrowser
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import anyio.to_thread
import httpx2
from fastmcp.client.auth.oauth import OAuth as FastMCPOAuth
from haystack.utils import Secret
from haystack_integrations.tools.mcp import OAuthConfig
from key_value.aio.stores.memory import MemoryStore as FastMCPMemoryStore
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from benchmarks.authorization import MACHINE
from benchmarks.running import Server
from valetkey.httpx2 import OAuth
from valetkey.login import LoginPrompt
from valetkey.login.loopback import LoopbackLogin
from valetkey.store import Store

PLAIN, VALETKEY, SDK, FASTMCP, HAYSTACK = "plain bearer", "valetkey", "mcp SDK", "FastMCP", "mcp-haystack"


class Contender(Protocol):
    """
    One way to authenticate requests to one server.

    `visits` counts how often a person was asked.
    """

    name: str

    @property
    def visits(self) -> int: ...

    def open(self) -> Any:
        """Make the `auth=` of an httpx2 client, on the store that is kept: what a restarted program does."""


class PlainBearer:
    """A fixed token in a header: no other way can cost less."""

    name = PLAIN
    visits = 0

    def __init__(self, server: Server) -> None:
        self._header = f"Bearer {machine_token(server)}"

    def open(self) -> Any:
        def put(request: httpx2.Request) -> httpx2.Request:
            request.headers["Authorization"] = self._header
            return request

        return put


class Valetkey:
    """Valetkey, with its default kind of store and its real listener."""

    name = VALETKEY

    def __init__(self, server: Server, folder: Path) -> None:
        self.visits = 0
        self._url = server.mcp_url
        self.store: Store | str = f"sqlite:///{folder}/credentials-{urlsplit(server.url).port}.db"

    def open(self) -> OAuth:
        return OAuth(self._url, store=self.store, login=LoopbackLogin(self._show))

    def _show(self, prompt: LoginPrompt) -> None:
        self.visits += 1
        PERSON.visit(str(prompt.authorization_url))


class SDKStorage:
    """The `TokenStorage` of the MCP SDK, as its documentation shows it."""

    def __init__(self) -> None:
        self._tokens: OAuthToken | None = None
        self._client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self._tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self._tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self._client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self._client = client_info


def sdk_provider(
    url: str,
    storage: SDKStorage,
    redirect: Callable[[str], Awaitable[None]] | None = None,
    callback: Callable[[], Awaitable[AuthorizationCodeResult]] | None = None,
) -> OAuthClientProvider:
    redirect_uris: list[AnyUrl] = [AnyUrl("http://127.0.0.1:33418/callback")]
    metadata = OAuthClientMetadata(client_name="Benchmark", redirect_uris=redirect_uris, scope="mcp")
    return OAuthClientProvider(url, metadata, storage, redirect, callback)


class SDKClient:
    """The provider of the MCP SDK; it leaves the browser and the listener to its user."""

    name = SDK

    def __init__(self, server: Server) -> None:
        self.visits = 0
        self._url = server.mcp_url
        self._storage = SDKStorage()
        self._answer = ""

    def open(self) -> OAuthClientProvider:
        return sdk_provider(self._url, self._storage, self._redirect, self._callback)

    async def _redirect(self, url: str) -> None:
        self.visits += 1
        self._answer = await anyio.to_thread.run_sync(PERSON.follow, url)

    async def _callback(self) -> AuthorizationCodeResult:
        given = httpx2.URL(self._answer).params
        return AuthorizationCodeResult(code=given["code"], state=given["state"], iss=given["iss"])


class FastMCPClient:
    """The client OAuth of FastMCP, with its real listener and the browser that it opens."""

    name = FASTMCP

    def __init__(self, server: Server) -> None:
        self._url = server.mcp_url
        self._storage = FastMCPMemoryStore()
        self._before = _Browser.visits

    @property
    def visits(self) -> int:
        return _Browser.visits - self._before

    def open(self) -> FastMCPOAuth:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of the store in memory
            return FastMCPOAuth(self._url, scopes="mcp", token_storage=self._storage, callback_host="127.0.0.1")


class HaystackClient:
    """The OAuthConfig of mcp-haystack: machines only, no person can log in."""

    name = HAYSTACK
    visits = 0

    def __init__(self, server: Server) -> None:
        self._url = server.mcp_url
        name, secret = MACHINE
        self._config = OAuthConfig(client_id=name, client_secret=Secret.from_token(secret), issuer=server.url)

    def open(self) -> Any:
        return self._config.create_auth(self._url)


def contenders(server: Server, folder: Path) -> list[Contender]:
    PERSON.direct[server.url] = server.direct_url
    return [
        PlainBearer(server),
        Valetkey(server, folder),
        SDKClient(server),
        FastMCPClient(server),
        HaystackClient(server),
    ]


def machine_token(server: Server) -> str:
    """Get a token with the client credentials grant."""
    credentials = base64.b64encode(":".join(MACHINE).encode()).decode()
    headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/x-www-form-urlencoded"}
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(server.direct_url).port, timeout=10.0)
    try:
        connection.request("POST", "/oauth/token", b"grant_type=client_credentials", headers)
        token: str = json.loads(connection.getresponse().read())["access_token"]
    finally:
        connection.close()
    return token


class Person:
    """
    The browser and the person in front of it.

    They have a way of their own to the server: what they do is not counted among what a contender costs. `seconds` is
    the processor time that they took, and `direct` has the origins that they reach without the relay.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.direct: dict[str, str] = {}

    def visit(self, url: str, patience: float = 10.0) -> None:
        """Follow the one redirect, and read the page that the login shows at its end, in the background."""

        def go() -> None:
            address = self.follow(url)
            deadline = time.monotonic() + patience
            while time.monotonic() < deadline:
                try:
                    self.follow(address)
                except ConnectionRefusedError:  # FastMCP listens only after it has opened the browser
                    time.sleep(0.02)
                else:
                    return

        threading.Thread(target=go, name="browser", daemon=True).start()

    def follow(self, url: str) -> str:
        """Read a page, and give the address that it redirects to, if any."""
        started = time.thread_time()
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        place = urlsplit(self.direct.get(origin, origin))
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=10.0)
        try:
            connection.request("GET", f"{parts.path}?{parts.query}")
            self.seconds += time.thread_time() - started  # before a login ends, which the answer may wait for
            started = time.thread_time()
            response = connection.getresponse()
            response.read()
            return response.headers["Location"] or ""
        finally:
            connection.close()
            self.seconds += time.thread_time() - started


PERSON = Person()


class _Browser(webbrowser.BaseBrowser):
    visits = 0

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:  # noqa: ARG002 - the base's
        type(self).visits += 1
        PERSON.visit(url)
        return True


_register: Callable[..., None] = webbrowser.register
_register("valetkey-benchmark", _Browser, preferred=True)
