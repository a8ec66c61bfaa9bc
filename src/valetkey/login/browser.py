# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Opening a browser: a program with a list of arguments, never a shell (MCP Security Best Practices)."""

import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping

from valetkey import urls

_PLACE = "%s"
_UNIX_OPENERS = (("xdg-open",), ("gio", "open"), ("x-www-browser",))


def open_browser(url: str) -> bool:
    """
    Open a URL in the person's browser.

    :param url: The URL: https, or http on loopback.
    :returns: True if a program was started; whether it shows the page cannot be known.
    :raises InsecureEndpoint: If the URL is no page for a browser.
    """
    urls.require_endpoint(url, "login page")
    if sys.platform == "win32":
        os.startfile(url)  # noqa: S606 - the system's handler for https, no shell
        return True
    command = browser_command(url, os.environ, sys.platform, shutil.which)
    return command is not None and _start(command)


def browser_command(
    url: str, environment: Mapping[str, str], platform: str, which: Callable[[str], str | None]
) -> list[str] | None:
    """
    Choose the program that opens a URL.

    The standard library's `webbrowser` would also start a text browser in the person's terminal, and on macOS it goes
    through a shell.

    :param url: The URL.
    :param environment: The environment; `BROWSER` is obeyed as everywhere: commands between colons, `%s` for the URL.
    :param platform: As `sys.platform`.
    :param which: Finds a program.
    :returns: The program and its arguments, None where no browser can be shown.
    """
    for entry in filter(None, environment.get("BROWSER", "").split(os.pathsep)):
        words = _words(entry)
        if words and which(words[0]):
            placed = [word.replace(_PLACE, url) for word in words]
            return placed if _PLACE in entry else [*placed, url]
    if platform == "darwin":
        return ["/usr/bin/open", url]
    if "WSL_DISTRO_NAME" in environment and which("wslview"):
        return ["wslview", url]
    if not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
        return None
    return next(([*opener, url] for opener in _UNIX_OPENERS if which(opener[0])), None)


def _words(entry: str) -> list[str]:
    try:
        return shlex.split(entry)
    except ValueError:  # a quotation that does not end
        return []


def _start(command: list[str]) -> bool:
    try:
        process = subprocess.Popen(  # noqa: S603 - a list of arguments, the URL is checked
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    threading.Thread(target=process.wait, name="valetkey-browser", daemon=True).start()
    return True
