# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What the requests to one MCP server carry: the credential that the user gives, or a token that a login obtains."""

import threading
import weakref
from typing import Any

from haystack.utils import Secret

from haystack_integrations.tools.mcp_oauth._accounts.patience import NO_LOGIN, Patience
from haystack_integrations.tools.mcp_oauth._mcp_session.http_client import plain_headers
from haystack_integrations.tools.mcp_oauth._settings.late_secrets import resolved_text
from haystack_integrations.tools.mcp_oauth.config import OAuthConfig
from haystack_integrations.tools.mcp_oauth.errors import MCPAuthorizationError, to_mcp_error
from haystack_integrations.tools.mcp_oauth.principals import LOCAL, PrincipalSource, principal_of
from haystack_integrations.tools.mcp_oauth.token_source import tokens_of
from valetkey._adapters.framework import Engine, shared_engine
from valetkey.errors import AuthError, ConfigurationError, LoginRequired
from valetkey.store.backends.memory import MemoryStore
from valetkey.values import Token

_interested: "weakref.WeakKeyDictionary[Engine, weakref.WeakSet[Access]]" = weakref.WeakKeyDictionary()
_noting = threading.Lock()  # guards _interested

_NO_SECRETS = frozenset({"accept", "accept-encoding", "accept-language", "content-type", "user-agent"})


class Access:
    """
    The access of one principal to the MCP server of one server info.

    :param principal: The user whose session it is; None for the one that the settings name now.
    :raises MCPAuthorizationError: If the settings contradict each other.
    """

    def __init__(self, server_info: Any, principal: str | None = None) -> None:
        self.url: str = server_info.url or ""
        config = getattr(server_info, "oauth_config", None)
        self._config = OAuthConfig() if config is None else OAuthConfig.from_upstream(config)
        try:
            self.token: str | None = _static_token(server_info)
            self.given_headers = plain_headers(server_info.headers)
            names = {name.lower() for name in self.given_headers or {}}
            source = self._config.token_source
            self.is_given = self.token is not None or "authorization" in names or source is not None
            self.principal: str = principal_of(self._config.principal) if principal is None else principal
            self.tokens = None if source is None else tokens_of(source, self.principal, self.url)
            self._settings = self._config.to_settings(self.url, self.principal)
            self.engine = self._open_engine()
        except AuthError as error:
            raise to_mcp_error(error, "configure", self.url) from error

    @property
    def headers(self) -> dict[str, str] | None:
        """The headers of every request: as upstream has it, the user's own replace the one of `token`."""
        if not self.given_headers and self.token:
            return {"Authorization": f"Bearer {self.token}"}
        return self.given_headers

    @property
    def credentials(self) -> list[str]:
        """What the user lets send to the server and no error may repeat: gateways have fields of their own names."""
        given = (value for name, value in (self.given_headers or {}).items() if name.lower() not in _NO_SECRETS)
        last = self.tokens.last if self.tokens is not None else None
        tokens = [self.token, last.access_token.reveal() if last is not None else None]
        return [each for value in (*tokens, *given) if value for each in (value, value.rpartition(" ")[2])]

    @property
    def oauth_config(self) -> OAuthConfig:
        """The OAuth settings; after a login, with the issuer, the endpoints and the client that it used."""
        return self._config.filled_in(self.engine.session)

    @property
    def principal_source(self) -> PrincipalSource:
        """Where the principal of each call comes from."""
        return self._config.principal

    @property
    def has_no_user(self) -> bool:
        """True if logins are links for the users of the program, and none is named."""
        return self.principal == LOCAL and is_for_users(self._config) and not self._settings.is_machine

    @property
    def has_no_browser(self) -> bool:
        """True if, in addition, a web app takes the answers: no browser can be signed in there as the program."""
        return self._config.public_url is not None and self.has_no_user

    @property
    def is_of_a_person(self) -> bool:
        """True if the tokens are those of a login: neither given by the user, nor a machine's."""
        return not self.is_given and self.engine.is_known() and not self.engine.settings.is_machine

    def take_interest(self) -> None:
        """Note that a login of this session is waited for, or was waited for and goes on."""
        with _noting:
            _interested.setdefault(self.engine, weakref.WeakSet()).add(self)

    def lose_interest(self) -> bool:
        """Take the note back, and tell whether this access was the last one in this process that had made it."""
        with _noting:
            interested = _interested.get(self.engine)
            if interested is None or self not in interested:
                return False
            interested.discard(self)
            return not interested

    @property
    def login_wait(self) -> float:
        """How many seconds a call waits for a login."""
        return self._config.login_wait

    async def is_outdated(self, token: Token | None) -> bool:
        """Tell whether another token has taken the place of one that was sent, or its session has ended."""
        if self.tokens is not None:
            last = self.tokens.last
            return token is not None and last is not None and last.access_token != token.access_token
        return not self.is_given and await self.engine.is_outdated_async(token)

    def require_login(self, operation: str) -> None:
        """
        Refuse to log in or out beside a credential that the user gives.

        :raises MCPAuthorizationError: If there is one.
        """
        if self.is_given:
            message = "The server info has a credential of its own, so there is no login."
            hint = "Leave out token=, token_source= and the Authorization header to log in."
            error = ConfigurationError(message, hint=hint)
            raise to_mcp_error(error, operation, self.url) from error

    def require_user(self, operation: str, patience: Patience = None) -> None:
        """
        Refuse to begin a first login where no user is named who could end it.

        :raises MCPAuthorizationError: If no user is named, and the login would be his.
        """
        is_hopeless = self.has_no_browser or (patience == NO_LOGIN and self.has_no_user)
        if is_hopeless and not self.engine.is_known():
            raise to_mcp_error(_no_user(), operation, self.url)

    def failed(self, error: AuthError, operation: str) -> MCPAuthorizationError:
        """Make the error of a login; where no user is named who could end one, it says so."""
        is_hopeless = self.has_no_browser and type(error) is LoginRequired
        return to_mcp_error(_no_user() if is_hopeless else error, operation, self.url)

    def _open_engine(self) -> Engine:
        config = self._config
        if self.is_given:  # with a store of its own: it has no session, and no login gives it one
            return shared_engine(self._settings, store=MemoryStore(), login="never")
        return shared_engine(self._settings, store=config.store, login="never" if self.has_no_browser else config.login)


def _no_user() -> ConfigurationError:
    message = "The call names no user, and a login by a link is for a user."
    return ConfigurationError(message, hint="Name the user by `with as_user(…)` or OAuthConfig(principal=…).")


def is_for_users(config: OAuthConfig | None) -> bool:
    """Tell whether logins are links, and the program names the user of each call."""
    if config is None or config.principal is not None:
        return False
    return config.login == "link" or (config.login == "auto" and config.public_url is not None)


def _static_token(server_info: Any) -> str | None:
    token = server_info.token
    if not isinstance(token, Secret):
        return None if token is None else str(token)
    return resolved_text(token, f"{type(server_info).__name__}.token")
