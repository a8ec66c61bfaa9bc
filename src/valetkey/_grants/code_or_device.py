# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A login of a person where no browser can be opened: on another device if the server offers that, else with a link.

Nothing has to come back from another device, and nothing has to be copied. A server that announces the device grant and
then refuses it costs the person nothing: nothing has been shown, and the link follows
(why: docs/decisions/opening-the-browser.md).
"""

import logging
from collections.abc import Callable
from dataclasses import replace

from valetkey._discovery.target import AuthorizationTarget
from valetkey._grants.grant import Grant, GrantContext
from valetkey.errors import MalformedDocument, Refused, Unsupported
from valetkey.login.pending import PendingLogin
from valetkey.protocol.device import require_device_flow
from valetkey.seams import LoginPrompt
from valetkey.values import Scope, Session

_logger = logging.getLogger("valetkey")


class CodeOrDevice:
    """Asks a person on another device if the authorization server offers it, and else with a link."""

    def __init__(self, code: Grant, device: Grant) -> None:
        self._code = code
        self._device = device

    def obtain(self, target: AuthorizationTarget, scope: Scope | None, context: GrantContext) -> Session | PendingLogin:
        """Obtain a token; a refusal before the person has seen a code leads to the link."""
        try:
            require_device_flow(target.server)
        except Unsupported:
            return self._code.obtain(target, scope, context)
        watched = _Watched(context.announce)
        try:
            return self._device.obtain(target, scope, replace(context, announce=watched))
        except (Refused, Unsupported, MalformedDocument) as error:
            if watched.has_asked:
                raise
            _logger.info("%s offers no login on another device after all: %s", target.server.issuer, error)
            return self._code.obtain(target, scope, context)


class _Watched:
    """Notes whether the person has been asked."""

    def __init__(self, announce: Callable[[LoginPrompt | None], None]) -> None:
        self._announce = announce
        self.has_asked = False

    def __call__(self, prompt: LoginPrompt | None) -> None:
        self.has_asked = self.has_asked or prompt is not None
        self._announce(prompt)
