# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`OAuth` for every client over httpx, and the HTTP client under a session of the MCP SDK 1.x."""

from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

try:
    import httpx
except ModuleNotFoundError as _missing:
    _message = "valetkey.httpx needs httpx. Install it: pip install 'valetkey[httpx]'."
    raise ModuleNotFoundError(_message, name=_missing.name) from _missing

from valetkey._adapters.flow import AuthFlow, OAuthDocumentation
from valetkey._adapters.http_client import DeliveringClient
from valetkey._adapters.tickets import auth_error_behind

__all__ = ["MCPHttpClient", "OAuth", "auth_error_behind"]


class OAuth(AuthFlow, httpx.Auth):
    if not TYPE_CHECKING:  # reading it gives a text
        __doc__ = OAuthDocumentation()


class MCPHttpClient(DeliveringClient, httpx.AsyncClient):
    """
    The HTTP client under a session of the MCP SDK 1.x: no failed login or renewal ends the session.

    It is what the SDK's `create_mcp_http_client` makes, with the same arguments and defaults, so it is also a factory
    for its `sse_client`. But a message that does not reach the server is answered in its place with a JSON-RPC error:
    one call fails with a sentence, the session lives, and the next call works. `auth_error_behind` gives the
    `AuthError` behind the SDK's error.

    ```python
    async with MCPHttpClient(auth=OAuth(URL)) as http_client:
        async with streamable_http_client(URL, http_client=http_client) as (read, write, *_):
            ...
    ```

    :param headers: Headers of every request.
    :param timeout: Timeouts of an HTTP request; None means 30 seconds, and 300 seconds for reading. The time that a
        person needs for a login is no part of it.
    :param auth: `OAuth`, or any other `Auth` object.
    :param login_wait: Seconds that a message waits for a token. Then its call fails, the login goes on, and a later
        call finds the token. Give less than the timeout of the MCP session, whose error says nothing of a login. None
        waits as long as the login takes.
    :param follow_redirects: Whether the library follows redirects. Newer releases of the SDK do so themselves.
    :param options: Further arguments of `httpx.AsyncClient`.
    """

    _library: ClassVar[ModuleType] = httpx

    def __init__(
        self,
        headers: Mapping[str, str] | None = None,
        timeout: httpx.Timeout | None = None,
        auth: httpx.Auth | None = None,
        *,
        login_wait: float | None = None,
        follow_redirects: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(headers, timeout, auth, login_wait=login_wait, follow_redirects=follow_redirects, **options)
