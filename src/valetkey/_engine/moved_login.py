# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Whether the login of an MCP server has moved to another authorization server (RFC 9728 §5.2)."""

import logging

from valetkey import urls
from valetkey._discovery.budget import Budget
from valetkey._discovery.resource import ResourceAnswer, ask_resource
from valetkey._discovery.server import is_led_away, named_elsewhere
from valetkey._policy.issuers import choose_issuers
from valetkey.errors import MalformedDocument, TemporaryError, Unsupported
from valetkey.protocol.challenge import Challenge
from valetkey.settings.settings import Settings
from valetkey.values import Session
from valetkey.wire import Send

_logger = logging.getLogger("valetkey")


class MovedLogin:
    """What one attempt learns from the MCP server about its login."""

    def __init__(self, settings: Settings, budget: Budget) -> None:
        self.budget = budget
        self._settings = settings
        self._has_asked = False
        self.answer: ResourceAnswer | None = None

    def ask(self, challenge: Challenge | None, send: Send) -> None:
        """
        Read the MCP server's metadata; a server that cannot answer now counts as one whose login has not moved.

        `IssuerMismatch` if its login has moved away from the issuer that the user has named.
        """
        self._has_asked = True
        try:
            answer = ask_resource(self._settings, challenge, send, self.budget)
            pin, metadata = self._settings.issuer, answer.metadata
            if pin is not None and metadata is not None and is_led_away(pin, metadata.authorization_servers):
                named_elsewhere(pin, metadata.authorization_servers, self._settings, answer.requests)
            self.answer = answer
        except (TemporaryError, MalformedDocument, Unsupported) as error:
            _logger.info("going on with the session as it is: %s", error)

    def has_moved(self, session: Session | None) -> bool | None:
        """
        Tell whether the MCP server names other issuers than the session's; None if it has not been asked yet.

        The issuer that the user has named is the only one that counts.
        """
        if not self._has_asked:
            return None
        metadata = self.answer.metadata if self.answer is not None else None
        if session is None or metadata is None or not metadata.authorization_servers:
            return False
        strict = self._settings.strict
        named = choose_issuers(metadata, self._settings.issuer)
        return not any(urls.same_issuer(issuer, session.issuer, strict=strict) for issuer in named)
