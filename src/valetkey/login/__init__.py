# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Ways to ask a person to log in, and to get the answer back."""

from typing import TYPE_CHECKING, Literal

from valetkey.errors import ConfigurationError
from valetkey.login.pending import PendingLogin
from valetkey.seams import DeviceAttempt, DeviceLogin, Login, LoginAttempt, LoginPrompt

if TYPE_CHECKING:
    from valetkey.login.here import PrintedLink

__all__ = [
    "DeviceAttempt",
    "DeviceLogin",
    "Login",
    "LoginAttempt",
    "LoginName",
    "LoginPrompt",
    "PendingLogin",
    "PrintedLink",
    "open_login",
]

LoginName = Literal["auto", "browser", "paste", "device", "link", "never"]


def open_login(name: LoginName) -> Login:
    """
    Give the login that a name stands for, as `login=` takes it.

    :param name: `auto` opens a browser where there is one, and prints the link; without a browser the person gets a
        code for another device, if the server offers that, and else the answer may be pasted in the terminal or
        notebook too, and where there is none of them either, it fails at once. `browser`
        opens a browser and waits for it, wherever it runs; `paste` prints the link, and the person pastes the answer,
        for a browser on another computer; `device` shows a code for any other device, and chooses that grant; `link`
        begins a login that no thread waits for; `never` asks no person and fails at once.
    :returns: The login.
    :raises ConfigurationError: If there is no such name.
    """
    # Only what the name stands for is loaded.
    if name == "never":
        from valetkey.login.never import NeverLogin

        return NeverLogin()
    if name == "paste":
        from valetkey.login.paste import PasteHere

        return PasteHere()
    if name == "link":
        from valetkey.login.link import LinkLogin

        return LinkLogin()
    if name in ("auto", "device"):
        from valetkey.login.here import LoginHere

        return LoginHere(opens=True)
    if name == "browser":
        from valetkey.login.here import BrowserLogin

        return BrowserLogin()
    message = f"There is no way {name!r} to ask a person."
    raise ConfigurationError(message, hint='Use "auto", "browser", "paste", "device", "link" or "never".')


def __getattr__(name: str) -> object:
    """Import `PrintedLink` when it is first used: few programs need it, and each start loads this module."""
    if name == "PrintedLink":
        from valetkey.login.here import PrintedLink

        return PrintedLink
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
