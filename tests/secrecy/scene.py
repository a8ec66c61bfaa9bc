# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Where a life is played: real HTTP on 127.0.0.1, a real store, a real program that opens the browser."""

import json
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2

from tests.fakes.threads import until
from tests.secrecy.canaries import Canaries
from tests.secrecy.server import CanaryServer
from tests.secrecy.watch import ARGUMENTS, CALLBACK, LINK, LOG_OF_ANSWERS, PAGES, TERMINAL, TRACE, Watch
from tests.servers import browser_command, browser_program
from valetkey.events import Event, Trace, listen
from valetkey.httpx2 import OAuth
from valetkey.settings.settings import Settings

_CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "add", "arguments": {"a": 1, "b": 2}}}


IN_LINK = {(LINK, "state"), (CALLBACK, "state"), (CALLBACK, "code")}
"""RFC 6749 §4.1.1, §4.1.2: the state goes out in the link and comes back with the code, and nothing else does."""
IN_ARGUMENTS = {(ARGUMENTS, "state")}
"""The program that opens the browser gets the link."""


class Scene:
    """
    One life and all that watches it.

    :param folder: Where everything of it is kept: home, temporary files, store.
    :param environment: What sets variables of the environment (pytest's `monkeypatch`).
    """

    def __init__(self, folder: Path, environment: Any, watch: Watch, stack: ExitStack, trace: Trace) -> None:
        self.folder = folder
        self.trace = trace
        self.heard: list[Event] = []
        stack.callback(listen(self.heard.append))
        self.environment = environment
        self.watch = watch
        self.canaries: Canaries = watch.canaries
        self._stack = stack
        self._pages = folder.parent / "pages"
        self._pages.mkdir()
        self._count = 0

    def serve(self, **switches: Any) -> CanaryServer:
        """Start the servers."""
        return self._stack.enter_context(CanaryServer(self.watch, **switches))

    def auth(self, server: CanaryServer, **options: Any) -> OAuth:
        """Make the auth object of a program; what it and its errors reach is looked at in the end."""
        names = ("login", "store", "client_id", "client_secret", "issuer", "redirect_uri", "scope")
        given = {name: options.pop(name) for name in names if name in options}
        pause = options.pop("pause", None)
        settings = Settings(**options)
        auth = OAuth(server.url, **{"login": server.person, "settings": settings, **given})
        if pause is not None:  # polls of a device login are seconds apart
            auth.engine._seams = replace(auth.engine._seams, pause=pause)
        self.watch.roots += [auth, settings]
        return auth

    def call(self, auth: OAuth, server: CanaryServer) -> int:
        """Call a tool as a program does; give the status."""
        with httpx2.Client(auth=auth) as client:
            response = client.post(server.url, json=_CALL)
        self.watch.roots += [auth.session]
        self.watch.see(TERMINAL, repr(response))
        return response.status_code

    def fails(self, auth: OAuth, server: CanaryServer) -> BaseException:
        """Call a tool where that has to fail, and keep the error."""
        return self.watch.fails(lambda: self.call(auth, server))

    def tries(self, auth: OAuth, server: CanaryServer) -> None:
        """Call a tool where that may fail, and keep the error."""
        with suppress(AssertionError):
            self.fails(auth, server)

    def opens_a_browser(self) -> Path:
        """Let `login="auto"` start the recording browser; give the file that it writes."""
        self._count += 1
        record = self._pages / f"record-{self._count}"
        program = browser_program(Path(__file__).with_name("recording_browser.py"))
        self.environment.setenv("BROWSER", browser_command(program, {"record": str(record)}))
        return record

    def read_page(self, record: Path) -> dict[str, str]:
        """Wait for what the browser has written, and note the page; give the rest."""
        until(record.exists)
        shown: dict[str, str] = json.loads(record.read_text(encoding="utf-8"))
        self.watch.see(PAGES, f"{shown['page']}\n{shown['fields']}")
        return shown

    def shown(self, capfd: Any) -> set[tuple[str, str]]:
        """
        Give where which canary shows, printed texts included.

        Left out is what httpcore logs at DEBUG of the header fields that a server has sent: it is the server's doing.
        """
        self.watch.see(TERMINAL, "\n".join(capfd.readouterr()))
        self.trace.close()
        traced = self.trace.path.read_text(encoding="utf-8")
        assert traced.startswith('{"trace": "valetkey"')
        self.watch.see(TRACE, traced)
        self.watch.see(TRACE, repr(self.heard))
        return {(place, name) for place, name in self.watch.shown() if place != LOG_OF_ANSWERS}
