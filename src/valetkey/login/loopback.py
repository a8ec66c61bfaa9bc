# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The answer of a login comes to a listener on this computer's loopback interface (RFC 8252 §7.3, §8.3).

The listener has a thread of its own, from before the link is shown until the person has seen the result.
"""

import errno
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from valetkey import urls
from valetkey.errors import ConfigurationError, LoginFailed
from valetkey.seams import LoginPrompt

__all__ = ["LoopbackLogin"]

if TYPE_CHECKING:
    import socket

    from valetkey.login.device import NoticeAttempt
    from valetkey.login.listener import LoopbackAttempt

_PATH = "/callback"
_LOOPBACK, _LOOPBACK_6 = "127.0.0.1", "::1"
_NO_SUCH_FAMILY = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
"""What binding says on a computer that has only IPv4, or only IPv6."""


class LoopbackLogin:
    """
    Shows a prompt, and waits for the browser at a loopback address (`login="auto"` and `login="browser"`).

    :param show: Shows the prompt to the person, and returns without waiting.
    :param hosts: Addresses to listen at; the first that this computer has is used (RFC 8252 §7.3: assume neither
        version of IP).
    :param listen_at: The address to listen at instead of the redirect address's own, for a container whose port is
        published on its host's loopback address: `0.0.0.0`. Others in the container's network then reach the listener,
        too. It needs a fixed `redirect_uri`.
    """

    def __init__(
        self,
        show: Callable[[LoginPrompt], None],
        hosts: Sequence[str] = (_LOOPBACK, _LOOPBACK_6),
        *,
        listen_at: str | None = None,
    ) -> None:
        self._show = show
        self._hosts = tuple(hosts)
        self._listen_at = listen_at

    def open(self, redirect_uri: str | None, *, fixed: bool) -> "LoopbackAttempt":
        """
        Start listening.

        :param redirect_uri: The address to use, with port 0 for a free one; None for any.
        :param fixed: True if no other address may be used; False to use a free port where this one is taken.
        :returns: The attempt.
        :raises LoginFailed: If the address cannot be used.
        :raises ConfigurationError: If nothing can listen at such an address.
        """
        if redirect_uri is not None and urlsplit(redirect_uri).scheme.lower() != "http":
            require_listenable(redirect_uri)
        return self._attempt(*self._bind(redirect_uri, self._hosts, fixed=fixed))

    def _attempt(self, listeners: "list[socket.socket]", address: str) -> "LoopbackAttempt":
        from valetkey.login.listener import LoopbackAttempt

        return LoopbackAttempt(self._show, listeners, address)

    def _bind(
        self, redirect_uri: str | None, hosts: tuple[str, ...], *, fixed: bool
    ) -> "tuple[list[socket.socket], str]":
        address = redirect_uri or _any_port(hosts[0])
        parts = urlsplit(address)
        try:
            listeners = _listen(self._listen_at or parts.hostname or "", parts.port or 0)
        except OSError as error:
            if redirect_uri is not None and not fixed:
                return self._bind(None, hosts, fixed=False)
            if redirect_uri is None and error.errno in _NO_SUCH_FAMILY and len(hosts) > 1:
                return self._bind(None, hosts[1:], fixed=False)
            message = f"Nothing can listen at {address}: {error.strerror or error}."
            hint = "End the program that uses this port, or choose another redirect_uri."
            raise LoginFailed(message, hint=hint) from error
        if not parts.port:
            address = parts._replace(netloc=parts.netloc[:-1] + str(listeners[0].getsockname()[1])).geturl()
        return listeners, address

    def open_device(self) -> "NoticeAttempt":
        """
        Prepare to show a code; nothing listens.

        :returns: The attempt.
        """
        from valetkey.login.device import NoticeAttempt

        return NoticeAttempt(self._show)


def require_listenable(redirect_uri: str) -> None:
    """Refuse an address that a program of this computer cannot listen at (RFC 8252 §7.3)."""
    parts = urlsplit(redirect_uri)
    if parts.scheme.lower() == "http" and urls.is_loopback(redirect_uri) and parts.port:
        return
    message = f"Nothing can listen at the redirect_uri {redirect_uri}."
    hint = (
        "Use http, a loopback host and a port, as in http://127.0.0.1:8080/callback; or, to keep this address, "
        'login="paste", where nothing has to listen.'
    )
    raise ConfigurationError(message, hint=hint)


def _any_port(host: str) -> str:
    return f"http://[{host}]:0{_PATH}" if ":" in host else f"http://{host}:0{_PATH}"


def _listen(host: str, port: int) -> "list[socket.socket]":
    """Bind; `localhost` means both families, wherever both exist (RFC 8252 §8.3)."""
    from valetkey.login.connections import listen

    if host != "localhost":
        return [listen(host, port)]
    listeners: list[socket.socket] = []
    for address in (_LOOPBACK, _LOOPBACK_6):
        try:
            listeners.append(listen(address, listeners[0].getsockname()[1] if listeners else port))
        except OSError as error:
            if error.errno in _NO_SUCH_FAMILY:
                continue
            for listener in listeners:  # another program at one of the two would get half of the answers
                listener.close()
            raise
    if not listeners:
        raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
    return listeners
