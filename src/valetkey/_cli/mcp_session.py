# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""An MCP session for one command, with the login of its server: on both lines of the MCP SDK, over both transports."""

import importlib
import importlib.metadata
import importlib.util
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from valetkey._cli.interruption import cancelling_task
from valetkey._cli.outcome import CommandFailed, ExitCode
from valetkey._cli.reachable import require_mcp
from valetkey._cli.views import shown_url
from valetkey.errors import AuthError

if TYPE_CHECKING:
    from valetkey.settings.settings import Settings
    from valetkey.store import Store

Result = TypeVar("Result")
_MOST_PAGES = 200
_HINT = "Find out why: valetkey doctor URL"
_NETWORK = frozenset({"ConnectError", "ConnectTimeout", "ReadTimeout", "ReadError", "RemoteProtocolError"})


def require_sdk() -> None:
    """Refuse a command that speaks MCP where the SDK is not installed."""
    if importlib.util.find_spec("mcp") is None:
        message = "This command speaks MCP, and the MCP SDK is not installed."
        raise CommandFailed(message, hint="Install it: pip install 'valetkey[cli]'.", code=ExitCode.USAGE)


def with_session(
    settings: "Settings", store: "Store", act: Callable[[Any], Awaitable[Result]], *, transport: str | None = None
) -> Result:
    """
    Open a session, act in it, and close it.

    :raises AuthError: If there is no token for it.
    :raises CommandFailed: If the server cannot be reached, or does not speak MCP.
    """
    import anyio

    is_open = False

    async def run() -> Result:
        nonlocal is_open
        with cancelling_task():
            async with _open(settings, store, _transport(settings.server_url, transport)) as session:
                is_open = True
                return await act(session)

    _learn(settings, store)
    try:
        result = anyio.run(run)
    except (KeyboardInterrupt, AuthError, CommandFailed):
        raise
    except BaseException as error:  # the SDK's tasks raise groups
        _learn(settings, store)
        failure = _failure(error, settings.server_url)
        if isinstance(failure, CommandFailed) and failure.code is ExitCode.SERVER and not is_open:
            require_mcp(settings)  # knows more about a server that is down, or is no MCP server
        raise failure from error
    _learn(settings, store)
    return result


def _learn(settings: "Settings", store: "Store") -> None:
    """Read the tokens of the session, so that no text that is made from now on repeats them; a server may."""
    from valetkey._sessions.codec import session_key
    from valetkey._sessions.listing import read_session

    with suppress(AuthError):
        read_session(store, session_key(settings))


async def all_tools(session: Any) -> list[dict[str, Any]]:
    """List the tools of all pages as documents, each name once."""
    from mcp import types

    found: dict[str, dict[str, Any]] = {}
    page = await session.list_tools()
    for _ in range(_MOST_PAGES):
        for tool in page.tools:
            found.setdefault(tool.name, document_of(tool))
        cursor = document_of(page).get("nextCursor")
        if not cursor:
            break
        page = await session.list_tools(params=types.PaginatedRequestParams(cursor=cursor))
    return list(found.values())


def document_of(value: Any) -> dict[str, Any]:
    """Give a value of the SDK as the protocol writes it: the same on both of its lines."""
    document: dict[str, Any] = value.model_dump(mode="json", by_alias=True, exclude_none=True)
    return document


def _transport(url: str, named: str | None) -> str:
    if named not in (None, "http", "sse"):
        message = f"There is no transport {named!r}."
        raise CommandFailed(message, hint="Give http or sse.", code=ExitCode.USAGE)
    return named or ("sse" if urlsplit(url).path.rstrip("/").endswith("/sse") else "http")


@asynccontextmanager
async def _open(settings: "Settings", store: "Store", transport: str) -> AsyncIterator[Any]:
    from mcp import ClientSession

    library = importlib.import_module(_library())
    auth = library.OAuth(settings.server_url, settings=settings, store=store)
    if transport == "sse":
        from mcp.client.sse import sse_client

        opened: Any = sse_client(settings.server_url, auth=auth, httpx_client_factory=library.MCPHttpClient)
        async with opened as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            yield session
        return
    from mcp.client.streamable_http import streamable_http_client

    async with library.MCPHttpClient(auth=auth) as client:
        opened = streamable_http_client(settings.server_url, http_client=client)
        async with opened as (read, write, *_), ClientSession(read, write) as session:
            await session.initialize()
            yield session


def _library() -> str:
    """The MCP SDK 1.x is built on httpx, 2.x on httpx2."""
    return "valetkey.httpx" if importlib.metadata.version("mcp").startswith("1.") else "valetkey.httpx2"


def _failure(error: BaseException, url: str) -> BaseException:
    """Give the error of Valetkey behind what the SDK raises; or say that the server is at fault."""
    auth_error_behind = importlib.import_module(_library()).auth_error_behind
    leaves = list(_leaves(error))
    for leaf in leaves:
        found = leaf if isinstance(leaf, AuthError | CommandFailed) else auth_error_behind(leaf)
        if found is not None:
            return found
    leaf = next((each for each in leaves if isinstance(each, KeyboardInterrupt)), leaves[0])
    if not isinstance(leaf, Exception):
        return leaf
    said = (str(leaf).splitlines() or [""])[0] or type(leaf).__name__
    if type(leaf).__name__ in ("McpError", "MCPError"):  # its name in 1.x, and in 2.x
        return CommandFailed(f"{shown_url(url)} answered with an error: {said}", hint=_HINT)
    if type(leaf).__name__ in _NETWORK:
        message = f"{shown_url(url)} cannot be reached: {said}"
        return CommandFailed(message, hint="Check the URL and the network, and try again.", code=ExitCode.LATER)
    return CommandFailed(f"{shown_url(url)} does not answer as an MCP server does: {said}", hint=_HINT)


def _leaves(error: BaseException) -> list[BaseException]:
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    return [leaf for each in error.exceptions for leaf in _leaves(each)]
