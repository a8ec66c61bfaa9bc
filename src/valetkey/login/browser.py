# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Opens a browser: one program with a list of arguments, and no program that builds a command text from them.

(MCP Security Best Practices, OAuth Authorization URL Validation; why: docs/decisions/opening-the-browser.md.)
"""

import logging
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import PurePath

from valetkey import urls
from valetkey.login.environment import absolute_folders, environment_for_browser

WSL = "wsl"
"""The platform of a Linux that runs under Windows, beside those of `sys.platform`."""

_PLACE = "%s"
_UNIX_OPENERS = (("xdg-open",), ("gio", "open"), ("x-www-browser",))
_HANDLER = "url.dll,FileProtocolHandler"
_WINDOWS_OPENERS = ("/mnt/c/Windows/System32/rundll32.exe", "rundll32.exe")
_READS_COMMANDS = frozenset(
    {
        *("sh", "ash", "bash", "busybox", "csh", "dash", "fish", "ksh", "mksh", "nu", "rbash", "tcsh", "xonsh", "zsh"),
        *("cmd", "powershell", "pwsh", "wsl", "wslview", "wsl-open"),
        *("elvish", "oksh", "osh", "posh", "yash"),
        *("expect", "mosh", "nix-shell", "parallel", "rsh", "screen", "script", "ssh", "su", "tmux", "watch"),
    }
)
"""Shells, and programs that pass their arguments on to one."""
_LEADS_ANYWHERE = frozenset({*(opener[0] for opener in _UNIX_OPENERS), "sensible-browser", "www-browser"})
"""Under WSL these may be `wslview` under another name."""
_COMMAND_TEXT = re.compile(r"[^A-Za-z0-9._~/:=+@,-]")

_logger = logging.getLogger("valetkey")


def open_browser(url: str) -> bool:
    """Open a URL in the person's browser; True if a program was started (whether it shows the page is not known)."""
    page = urls.encode_for_browser(urls.require_endpoint(url, "login page"))
    command = browser_command(page, os.environ, _platform(), _resolve)
    return command is not None and _start(command)


def can_open_browser() -> bool:
    """Tell whether there is a program that opens a browser here."""
    return browser_command("https://localhost/", os.environ, _platform(), _resolve) is not None


def _platform() -> str:
    release = os.uname().release if os.name == "posix" else ""
    return platform_of(os.environ, sys.platform, release)


def platform_of(environment: Mapping[str, str], system: str, release: str) -> str:
    """Tell WSL, which calls itself Linux, from Linux: by its environment, or its kernel where sudo has removed that."""
    is_wsl = "WSL_DISTRO_NAME" in environment or "WSL_INTEROP" in environment or "microsoft" in release.lower()
    return WSL if system == "linux" and is_wsl else system


def browser_command(
    url: str, environment: Mapping[str, str], system: str, which: Callable[[str], str | None]
) -> list[str] | None:
    """
    Choose the program that opens a URL, with its arguments; None where no browser can be shown.

    The standard library's `webbrowser` would also start a text browser in the person's terminal, and on macOS it goes
    through a shell.

    :param environment: `BROWSER` holds commands between colons, `%s` in them stands for the URL.
    :param system: As `sys.platform`, or `WSL`.
    """
    if system == "win32":  # `os.startfile` would hand the whole environment on
        folder = environment.get("SYSTEMROOT", r"C:\Windows")
        return [rf"{folder}\System32\rundll32.exe", _HANDLER, url]
    for entry in filter(None, environment.get("BROWSER", "").split(":")):
        words = _words(entry)
        program = which(words[0]) if words else None
        if program is None:
            continue
        if _builds_command_text([*words, program], system):
            _logger.info("An entry of BROWSER is not used: its program would read the login link as a command.")
            continue
        placed = [word.replace(_PLACE, url) for word in words]
        return placed if _PLACE in entry else [*placed, url]
    if system == "darwin":
        return ["/usr/bin/open", url]
    if system == WSL:
        program = next(filter(which, _WINDOWS_OPENERS), None)
        return None if program is None else [program, _HANDLER, url]
    if not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
        return None
    return next(([*opener, url] for opener in _UNIX_OPENERS if which(opener[0])), None)


def _builds_command_text(words: list[str], system: str) -> bool:
    """Every word counts (`env sh -c "firefox %s"`), and so does a URL in the middle of a text (`"firefox %s &"`)."""
    names = {_program_name(word) for word in words}
    if names & _READS_COMMANDS or (system == WSL and names & _LEADS_ANYWHERE):
        return True
    return any(_PLACE in word and _COMMAND_TEXT.search(word.replace(_PLACE, "")) for word in words)


def _program_name(word: str) -> str:
    """`/mnt/c/Windows/System32/CMD.EXE` as `cmd`, `bash-5.2` as `bash`."""
    return PurePath(word.replace("\\", "/")).name.lower().removesuffix(".exe").rstrip("-.0123456789")


def _words(entry: str) -> list[str]:
    try:
        words = shlex.split(entry)
    except ValueError:  # a quotation that does not end
        return []
    return words[:-1] if words[-1:] == ["&"] else words  # `webbrowser` reads `firefox &` as "do not wait"


def _find(program: str) -> str | None:
    """Give the whole path of a program; none that the folder decides in which this program was started."""
    if os.path.dirname(program) and not os.path.isabs(program):
        return None
    return shutil.which(program, path=absolute_folders(os.environ.get("PATH", os.defpath)))


def _resolve(program: str) -> str | None:
    path = _find(program)
    return None if path is None else os.path.realpath(path)


def _start(command: list[str]) -> bool:
    try:
        process = subprocess.Popen(  # noqa: S603 - a list of arguments, the URL is checked
            command,
            executable=_find(command[0]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=environment_for_browser(os.environ),
        )
    except OSError:
        return False
    threading.Thread(target=process.wait, name="valetkey-browser", daemon=True).start()
    return True
