# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a person reads in the terminal or the notebook when a login is needed."""

import os
import re
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from valetkey import urls
from valetkey.errors import quote
from valetkey.errors.copies import without_secrets
from valetkey.login.surroundings import Surroundings, surroundings_of
from valetkey.seams import LoginPrompt

_LONGEST_NAME = 200
_LONGEST_CODE = 64
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def _nothing_exists(_path: str) -> bool:
    return False


def _no_lines(_link: str) -> list[str]:
    return []


def show_in_browser(prompt: LoginPrompt, *, can_paste: bool = False) -> bool:
    """
    Open the link in a browser, and print it in case that no browser appears; True if a browser was started.

    The page of a login on another device is only opened if the link holds the code: else the person may prefer a phone.
    """
    from valetkey.login.browser import open_browser  # starts programs, which few starts of ours need

    link = prompt.authorization_url if prompt.user_code is None else prompt.link_with_code
    opened = link is not None and open_browser(link)
    # Who can paste the answer needs no port forwarded.
    print_text(_text_here(prompt, opened=opened, environment={} if can_paste and not opened else os.environ))
    return opened


def print_link(prompt: LoginPrompt) -> None:
    """Print the link."""
    print_text(_text_here(prompt, opened=False, environment=os.environ))


def print_link_alone(prompt: LoginPrompt) -> None:
    """Print the link without advice for SSH: the person pastes the answer, and no port has to be forwarded."""
    print_text(_text_here(prompt, opened=False, environment={}))


def _text_here(prompt: LoginPrompt, *, opened: bool, environment: Mapping[str, str]) -> str:
    exists = os.path.exists if environment else _nothing_exists
    return prompt_text(prompt, opened=opened, environment=environment, exists=exists, draw=_drawn)


def _drawn(link: str) -> list[str]:
    from valetkey.login.qr_code import qr_lines_here  # few logins show a code, and no other one loads it

    return qr_lines_here(link)


def prompt_text(
    prompt: LoginPrompt,
    *,
    opened: bool,
    environment: Mapping[str, str],
    exists: Callable[[str], bool] = _nothing_exists,
    draw: Callable[[str], list[str]] = _no_lines,
) -> str:
    """
    Write the text of a prompt: which server needs the login, where the person logs in, and the link.

    `environment` and `exists` say where this program runs, and so what has to be done for the answer to come back;
    `draw` gives the lines of a link as a QR code.
    """
    elsewhere = " or ".join(map(_named, _elsewhere(prompt)))
    page = f", on a page at {elsewhere}" if elsewhere else ""
    lines = ["", f"{_named(prompt.server_url)} asks you to log in at {_named(prompt.issuer)}{page}."]
    if prompt.user_code is not None:
        lines += _code_lines(prompt, prompt.user_code, opened=opened, draw=draw)
    else:
        lines += _link_lines(prompt, opened=opened)
        lines += [] if opened else _way_back(prompt, environment, surroundings_of(environment, exists))
    return "\n".join(lines)


def _elsewhere(prompt: LoginPrompt) -> list[str]:
    """Give the origins of the pages that are not at the issuer's: only the person can tell whose they are."""
    pages = filter(None, (prompt.authorization_url, prompt.link_with_code))
    others = (page for page in pages if urls.is_endpoint(page) and not urls.same_origin(page, prompt.issuer))
    return list(dict.fromkeys(map(urls.origin, others)))  # RFC 9700 §4.4


def _link_lines(prompt: LoginPrompt, *, opened: bool) -> list[str]:
    return [
        "Your browser opens now. If it does not, open this link:" if opened else "Open this link in your browser:",
        "",
        f"    {_link(prompt.authorization_url)}",
        "",
    ]


def _way_back(prompt: LoginPrompt, environment: Mapping[str, str], surroundings: Surroundings) -> list[str]:
    """Say what has to be done so that the answer reaches this computer, from a browser on another one."""
    port = urlsplit(prompt.redirect_uri or "").port
    if surroundings is Surroundings.SSH:
        return [
            "You are connected over SSH. So that the answer can come back, first run this on your own computer:",
            "",
            f"    ssh -N -L {port}:127.0.0.1:{port} {_user(environment)}@this-host",
            "",
        ]
    if surroundings.is_forwarded:
        return [f"So that the answer can come back, forward port {port} in the Ports view of your editor.", ""]
    if surroundings is Surroundings.CONTAINER:
        return [
            f"This is a container. The answer can come back if it is run with -p 127.0.0.1:{port}:{port},",
            "and the login listens at 0.0.0.0.",
            "",
        ]
    return []


def _code_lines(prompt: LoginPrompt, user_code: str, *, opened: bool, draw: Callable[[str], list[str]]) -> list[str]:
    """RFC 8628 §3.3.1: the code is shown even where a link holds it."""
    page, code = ["", f"    {_link(prompt.authorization_url)}", ""], ["", f"    {_code(user_code)}", ""]
    if opened:
        return [
            "Your browser opens now. Check that it shows this code:",
            *code,
            "If no browser opens, go to this page on any device and enter the code:",
            *page,
        ]
    lines = ["Open this page in a browser, on this or any other device:", *page, "Enter this code there:", *code]
    if prompt.link_with_code is not None:
        lines += ["Or open this link, which already has the code in it:", "", f"    {_link(prompt.link_with_code)}", ""]
    drawn = draw(_link(prompt.link_with_code or prompt.authorization_url))
    return [*lines, "Or scan it with a phone:", "", *drawn, ""] if drawn else lines


def logged_in_text(prompt: LoginPrompt) -> str:
    """Write what ends a login that worked."""
    return f"Logged in to {_named(prompt.server_url)} at {_named(prompt.issuer)}."


def _link(url: str) -> str:
    """Give a link as a browser gets it: ASCII, and nothing that moves a cursor or begins a line; no other is shown."""
    return urls.encode_for_browser(urls.require_endpoint(url, "login page"))


def _named(url: str) -> str:
    """Give the name of a server; in quotation marks what is no URL, so that it cannot be read as our words."""
    shown = without_secrets(url, url)
    return shown if urls.is_endpoint(url) and len(shown) <= _LONGEST_NAME else quote(shown, _LONGEST_NAME)


def _code(user_code: str) -> str:
    """Give a code to type; in quotation marks and escaped what moves a cursor, hides text or is too long to type."""
    return user_code if user_code.isprintable() and len(user_code) <= _LONGEST_CODE else quote(user_code, _LONGEST_CODE)


def _user(environment: Mapping[str, str]) -> str:
    """Give the user's name for a command line to copy, if that is all it is."""
    name = environment.get("USER", "")
    return name if _USER.fullmatch(name) else "you"


def print_text(text: str) -> None:
    """Print a text to standard error, if there is a console: standard output belongs to the program."""
    stream = sys.stderr or sys.__stderr__
    if stream is not None:
        with suppress(OSError, ValueError):  # the console is closed
            stream.write(text + "\n")
            stream.flush()
