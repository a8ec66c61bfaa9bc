# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Ways to ask a person to log in, and to get the answer back."""

from typing import Literal

from valetkey.errors import ConfigurationError
from valetkey.seams import DeviceAttempt, DeviceLogin, Login, LoginAttempt, LoginPrompt

__all__ = ["DeviceAttempt", "DeviceLogin", "Login", "LoginAttempt", "LoginName", "LoginPrompt", "open_login"]

LoginName = Literal["auto", "link", "paste", "never"]


def open_login(name: LoginName) -> Login:
    """
    Give the login that a name stands for, as `login=` takes it.

    :param name: `auto` opens a browser where there is one, and prints the link; without a browser the answer may be
        pasted in the terminal or notebook too, and where there is none of them either, it fails at once. `link` only
        prints the link, and waits wherever it is read; `paste` prints it, and the person pastes the answer, for a
        browser on another computer; `never` asks no person and fails at once.
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
    if name in ("auto", "link"):
        from valetkey.login.here import LoginHere

        return LoginHere(opens=name == "auto")
    message = f"There is no way {name!r} to ask a person."
    raise ConfigurationError(message, hint='Use "auto", "link", "paste" or "never".')
