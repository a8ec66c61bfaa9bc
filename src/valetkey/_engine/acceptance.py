# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What the adapters see of a token: the MCP server accepts it, or rejects it although it is new. In memory alone."""

from collections.abc import Callable

from valetkey.values import Token


class Acceptance:
    """The token that was sent last. It is replaced as a whole, so reading it needs no lock."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.token: Token | None = None
        self._seen: tuple[Token | None, float | None] = (None, None)  # and since when it is accepted; None: rejected

    def accept(self, token: Token) -> None:
        """Note that the server accepts a token; the first time counts."""
        if not _is_same(self._seen[0], token):
            self._seen = token, self._now()
        self.token = token

    def reject(self, token: Token) -> None:
        """Note that the server rejects a token that was sent instead of a rejected one."""
        if not _is_same(self._seen[0], token):
            self._seen = token, None

    def since(self, token: Token) -> float | None:
        """Give since when a token is accepted; None if that is not known."""
        seen, since = self._seen
        return since if _is_same(seen, token) else None

    def was_rejected(self, token: Token) -> bool:
        """Tell whether a token was rejected before it was ever accepted."""
        seen, since = self._seen
        return _is_same(seen, token) and since is None


def _is_same(one: Token | None, other: Token) -> bool:
    return one is not None and one.access_token == other.access_token
