# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What the requests to one MCP server carry: the credential that the user gives, or a token that a login obtains."""

import threading
import weakref
from typing import Any

from haystack.utils import Secret

from haystack_integrations.tools.mcp_oauth.config import OAuthConfig
from haystack_integrations.tools.mcp_oauth.errors import to_mcp_error
from haystack_integrations.tools.mcp_oauth.http_client import plain_headers
from haystack_integrations.tools.mcp_oauth.principals import PrincipalSource, principal_of
from valetkey._adapters.framework import Engine, shared_engine
from valetkey.errors import AuthError, ConfigurationError
from valetkey.store.backends.memory import MemoryStore

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
        token = server_info.token
        self.token: str | None = token.resolve_value() if isinstance(token, Secret) else token
        self.given_headers = plain_headers(server_info.headers)
        names = {name.lower() for name in self.given_headers or {}}
        self.is_given = self.token is not None or "authorization" in names
        config = getattr(server_info, "oauth_config", None)
        self._config = OAuthConfig() if config is None else OAuthConfig.from_upstream(config)
        try:
            self.principal: str = principal_of(self._config.principal) if principal is None else principal
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
        return [each for value in (self.token, *given) if value for each in (value, value.rpartition(" ")[2])]

    @property
    def oauth_config(self) -> OAuthConfig:
        """The OAuth settings; after a login, with the issuer, the endpoints and the client that it used."""
        return self._config.filled_in(self.engine.session)

    @property
    def principal_source(self) -> PrincipalSource:
        """Where the principal of each call comes from."""
        return self._config.principal

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

    def require_login(self, operation: str) -> None:
        """
        Refuse to log in or out beside a credential that the user gives.

        :raises MCPAuthorizationError: If there is one.
        """
        if self.is_given:
            message = "The server info has a credential of its own, so there is no login."
            error = ConfigurationError(message, hint="Leave out token= and the Authorization header to log in.")
            raise to_mcp_error(error, operation, self.url) from error

    def _open_engine(self) -> Engine:
        config = self._config
        settings = config.to_settings(self.url, self.principal)
        if self.is_given:  # with a store of its own: it has no session, and no login gives it one
            return shared_engine(settings, store=MemoryStore(), login="never")
        return shared_engine(settings, store=config.store, login=config.login)
