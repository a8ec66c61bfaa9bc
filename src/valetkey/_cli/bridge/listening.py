# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Listening to the server's own messages as long as the MCP session lives, without asking a person for anything."""

import asyncio
import logging
from typing import Protocol

import httpx2

from valetkey._adapters.failures import HttpError, SessionEnded
from valetkey._cli.bridge.failures import NoToken, OtherRevision, ServerSays
from valetkey._cli.bridge.transports import Pause, Take, Unwanted
from valetkey.errors import AuthError

_logger = logging.getLogger("valetkey")

_SHORTEST, _LONGEST = 1.0, 30.0
"""Seconds between the tries to open the stream, where the server does not say how many."""

_EARLY_ENDS = 2
"""Sessions in a row that may end within those seconds before no stream is opened until a message of the client."""


class Session(Protocol):
    """The MCP session that is listened to; `generation` counts those that were opened in the place of the first."""

    generation: int

    async def listen(self, take: Take) -> None:
        """Take the server's own messages until their stream ends."""

    def seconds_between_streams(self) -> float | None:
        """Give the seconds that the server wants between two streams; None if it has not said."""

    async def take(self, text: str) -> None:
        """Take a message of the server's own."""

    async def reopen(self, generation: int, *, may_log_in: bool) -> None:
        """Open a new session in the place of one that has ended."""


class Listening:
    """Keeps the stream of the server's own messages open. Used in one event loop only."""

    def __init__(self, session: Session, pause: Pause) -> None:
        self._session = session
        self._pause = pause
        self._accepted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._early_ends = 0

    def start(self) -> None:
        """Listen to the session that has just been opened, and to no other one."""
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
        self._task = asyncio.create_task(self._listen(self._session.generation), name="valetkey-bridge-listening")

    def stop(self) -> None:
        """Listen no more."""
        if self._task is not None:
            self._task.cancel()

    def note_token(self) -> None:
        """Note that the server has accepted a message, so that a stream may be opened too."""
        self._accepted.set()

    async def _listen(self, generation: int) -> None:
        """Take the server's own messages as long as the session lives, and open a new one if it ends meanwhile."""
        clock = asyncio.get_running_loop().time
        wait, has_ended, begun = _SHORTEST, False, clock()
        while self._session.generation == generation:
            started, heard, has_failed = clock(), False, False

            async def take(text: str) -> None:
                nonlocal heard
                heard = True
                await self._session.take(text)

            self._accepted.clear()
            try:
                if has_ended:
                    await self._session.reopen(generation, may_log_in=False)
                    return
                await self._session.listen(take)
            except (Unwanted, OtherRevision):
                return
            except NoToken:
                await self._accepted.wait()  # until a message of the client has brought one
                continue
            except SessionEnded:
                if not has_ended:
                    has_ended = True
                    self._early_ends = self._early_ends + 1 if clock() - begun < _LONGEST else 0
                    if self._early_ends > _EARLY_ENDS:
                        return  # as a server that has no such stream, and says so in the words of an ended session
                    continue
            except (OSError, httpx2.RequestError, HttpError, ServerSays, AuthError) as error:
                has_failed = True
                _logger.debug("the server's own messages are not heard: %s", type(error).__name__)
            if heard or clock() - started > _LONGEST:
                wait = _SHORTEST
            await self._pause(self._between_streams(wait, has_failed=has_failed))
            wait = min(wait * 2, _LONGEST)

    def _between_streams(self, wait: float, *, has_failed: bool) -> float:
        """Wait as the server says (MCP 2025-11-25, Transports, Sending Messages); longer if it cannot be reached."""
        asked = self._session.seconds_between_streams()
        if asked is None:
            return wait
        return max(asked, wait) if has_failed else asked
