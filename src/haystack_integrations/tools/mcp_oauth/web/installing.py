# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Putting the logins of users into a web app."""

from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

from haystack.utils import Secret

from haystack_integrations.tools.mcp_oauth._settings.late_secrets import require_secret
from haystack_integrations.tools.mcp_oauth.config import OAuthConfig
from haystack_integrations.tools.mcp_oauth.web.connections import Connections, OfferedServer
from haystack_integrations.tools.mcp_oauth.web.form_tokens import FormTokens
from haystack_integrations.tools.mcp_oauth.web.middleware import LoginMiddleware, PrincipalOfRequest
from haystack_integrations.tools.mcp_oauth.web.pending_logins import StoredLogins
from haystack_integrations.tools.mcp_oauth.web.routes import Routes
from valetkey._adapters.framework import require_endpoint
from valetkey.errors import ConfigurationError, quote
from valetkey.store import Store, open_store

AnyApp = TypeVar("AnyApp")


def install(
    app: AnyApp,
    *,
    principal: PrincipalOfRequest,
    public_url: str,
    store: Store | Secret | str | None = None,
    servers: Sequence[Any] = (),
    sign_in: str | None = None,
) -> AnyApp:
    """
    Let each user of a web app log in to MCP servers.

    While a request runs, its user is that of `as_user`, in every thread and task that the app starts from it. Below
    `/mcp-oauth/` the user finds the servers that are connected for him, and logins start and end there.

    ```python
    from hayhooks import create_app
    from haystack_integrations.tools.mcp_oauth.web import install

    app = install(
        create_app(),
        principal=lambda request: request.headers["x-forwarded-user"],  # only behind a proxy that sets it
        public_url="https://bot.example.com",
        store="redis://localhost",
    )
    ```

    A middleware that finds out who the user is has to run before this one: in FastAPI and Starlette, add it after this
    call.

    :param app: The app of Hayhooks, FastAPI or Starlette, or any other ASGI app.
    :param principal: A function that gives the name of the user who has sent a request, and None for a visitor who is
        not signed in. It may be async. It must not believe anything that a user can write himself.
    :param public_url: The https URL of the app as browsers reach it, also in `OAuthConfig(public_url=...)`. It may
        have a path, as a prefix.
    :param store: Where sessions are kept, as for `OAuthConfig.token_storage`; the same for all workers and servers.
    :param servers: The server infos that every user finds on his page and can connect there.
    :param sign_in: The address of the app's own login page; `{next}` in it stands for the address to come back to.
    :returns: The app; another one if `app` has no method `add_middleware`, so use what is returned.
    :raises ConfigurationError: If a server info has other sessions than these users', or a setting cannot be right.
    """
    _require_public_url(public_url)
    name = require_secret(store, "store").reveal() if isinstance(store, Secret) else store
    opened = open_store(name) if name is None or isinstance(name, str) else name
    offered = [_offered(server, public_url, opened) for server in servers]
    routes = Routes(
        public_url, StoredLogins(opened), Connections(opened, offered, public_url), FormTokens(opened), sign_in
    )
    add_middleware: Any = getattr(app, "add_middleware", None)
    if add_middleware is None:
        wrapped: Any = LoginMiddleware(app, routes, principal)  # type: ignore[arg-type]  # any ASGI app
        return wrapped  # type: ignore[no-any-return]
    add_middleware(LoginMiddleware, routes=routes, principal=principal)
    return app


def _require_public_url(public_url: str) -> None:
    require_endpoint(public_url, "public_url")
    parts = urlsplit(public_url)
    if parts.query or parts.fragment:
        message = f"The public_url {quote(public_url)} has a query or a fragment."
        raise ConfigurationError(message, hint="Give the URL of the web app alone, such as https://bot.example.com.")


def _offered(server: Any, public_url: str, store: Store) -> OfferedServer:
    """Take over a server info; a `ConfigurationError` if the sessions that its tools use would be others."""
    if getattr(server, "token", None) is not None:
        message = f"The server info of {quote(server.url)} has a token of its own, so no user logs in there."
        raise ConfigurationError(message, hint="Leave it out of servers=.")
    config = OAuthConfig.from_upstream(server.oauth_config) if server.oauth_config is not None else OAuthConfig()
    if config.public_url not in (None, public_url):
        message = f"The server info of {quote(server.url)} has another public_url: {quote(config.public_url)}."
        raise ConfigurationError(message, hint="Give both the same.")
    if isinstance(config.principal, str):
        message = f"The server info of {quote(server.url)} has one principal for all users."
        raise ConfigurationError(message, hint="Leave principal= out of its OAuthConfig.")
    named = config.store
    if named is not None and (open_store(named) if isinstance(named, str) else named) is not store:
        message = f"The server info of {quote(server.url)} keeps its sessions in another store."
        raise ConfigurationError(message, hint="Give token_storage= and store= the same value.")
    offered = OfferedServer(server.url, config)
    if config.to_settings(server.url, "any user").is_machine:
        message = f"The server info of {quote(server.url)} has the credentials of a machine, so no user logs in there."
        hint = "Give its OAuthConfig public_url= too if users log in there, or leave it out of servers=."
        raise ConfigurationError(message, hint=hint)
    return offered
