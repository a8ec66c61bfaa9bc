# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The login at the start of a bridge, in a process of its own that outlives it.

A desktop client gives `initialize` up after a minute and ends the bridge, and a person may need longer to log in. So
the listener for the answer of the browser must not end with the bridge: the login goes on, and the next start of the
bridge finds its session in the store.
"""

import asyncio
import json
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from valetkey._cli.bridge.flags import Flags
from valetkey._cli.outcome import CommandFailed, ExitCode
from valetkey.errors import LoginRequired, quote
from valetkey.login import open_login

if TYPE_CHECKING:
    from valetkey.login import LoginName
    from valetkey.seams import DeviceAttempt, LoginAttempt

_PROGRAM = [sys.executable, "-P", "-m", "valetkey._cli.bridge.detached"]

_LINK = 30.0
"""Seconds to find out the link of a login."""

Ended = asyncio.Future[None]


class StartLogin:
    """
    The `login=` of a bridge. Until a message was answered, it leaves the person to another process.

    `was_needed` says that the engine has wanted a person since it was last reset.
    """

    def __init__(self, flags: Flags, name: "LoginName") -> None:
        self._document = json.dumps(asdict(flags))
        self._name: LoginName = name
        self._said: dict[str, Any] = {}
        self._ended: Ended | None = None
        self._shown: Ended | None = None
        self.is_elsewhere = True
        self.was_needed = False

    def open(self, redirect_uri: str | None, *, fixed: bool) -> "LoginAttempt":
        """Open a login here, or fail because it is the other process's."""
        self._require_here()
        return open_login(self._name).open(redirect_uri, fixed=fixed)

    def open_device(self) -> "DeviceAttempt":
        """Do the same for a login on another device."""
        self._require_here()
        login: Any = open_login(self._name)  # those by name have it
        attempt: DeviceAttempt = login.open_device()
        return attempt

    @property
    def is_waiting(self) -> bool:
        """True while the other process waits for the person."""
        return self._ended is not None and not self._ended.done()

    async def wait(self, seconds: float | None) -> None:
        """
        Let the person log in, and wait for that.

        Raises what the login has come to, if that is no session; a `LoginRequired` with the link if it takes longer.
        """
        if self._ended is None or self._ended.done():
            self._begin()
        if self._ended is not None:
            await asyncio.wait({self._ended}, timeout=seconds)
            if not self._ended.done() and self._shown is not None:  # without a link, the person could not finish it
                await asyncio.wait({self._ended, self._shown}, timeout=_LINK, return_when=asyncio.FIRST_COMPLETED)
        self.was_needed = False
        if self.is_waiting:
            message = "The MCP server waits for you to log in."
            hint = "Finish the login in your browser, then try again."
            if self._said.get("code"):
                hint = f"Enter the code {quote(self._said['code'])} there, then try again."
            raise LoginRequired(message, hint=hint, authorization_url=self._said.get("link"))
        failure = self._said.get("failure")
        if failure is not None:
            raise CommandFailed(failure["message"], hint=failure["hint"], code=ExitCode(failure["code"]))
        if not self._said.get("is_done"):
            message = "The process of the login has ended without a word."
            raise CommandFailed(message, hint="Try again.", code=ExitCode.LATER)

    def _begin(self) -> None:
        """Start the process. Not by asyncio, which ends its processes with its event loop."""
        flags: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            flags = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
        # It holds no stream of the client's, who may wait for the end of each.
        pipe = subprocess.PIPE
        process = subprocess.Popen(_PROGRAM, stdin=pipe, stdout=pipe, stderr=pipe, **flags)  # noqa: S603 - our own list
        self._said, loop = {}, asyncio.get_running_loop()
        self._ended, self._shown = loop.create_future(), loop.create_future()
        threading.Thread(target=self._read, args=(process, loop, self._ended, self._shown), daemon=True).start()
        threading.Thread(target=_show, args=(process,), daemon=True).start()

    def _read(
        self, process: "subprocess.Popen[bytes]", loop: asyncio.AbstractEventLoop, ended: Ended, shown: Ended
    ) -> None:
        """Give the process what it needs, and keep what it says, to its end."""
        if process.stdin is None or process.stdout is None:
            return
        with suppress(OSError):  # it has ended
            process.stdin.write(self._document.encode())  # settings may hold secrets, which arguments would show
            process.stdin.close()
        for line in process.stdout:
            with suppress(ValueError):
                self._said.update(json.loads(line))
            _settle(loop, shown)
        process.wait()
        _settle(loop, ended)

    def _require_here(self) -> None:
        if self.is_elsewhere:
            self.was_needed = True
            message = "The MCP server needs a person to log in."
            raise LoginRequired(message, hint="Finish the login in your browser, then try again.")


def _show(process: "subprocess.Popen[bytes]") -> None:
    """Show the person what the process writes for the person."""
    for line in process.stderr or ():
        with suppress(OSError, ValueError):
            sys.stderr.write(line.decode("utf-8", "replace"))
            sys.stderr.flush()


def _settle(loop: asyncio.AbstractEventLoop, future: Ended) -> None:
    def settle() -> None:
        if not future.done():
            future.set_result(None)

    with suppress(RuntimeError):  # the loop is closed: the bridge has ended
        loop.call_soon_threadsafe(settle)
