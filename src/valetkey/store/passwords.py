# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The passwords in the name of a store on a server, which no text about that store may show."""

import re
from urllib.parse import unquote

_PARAMETERS = ("password", "secret", "token")
"""How the name of a parameter ends whose value is a password: `password` and `sslpassword` of libpq, and the like."""
_CUTS = re.compile(r"[/?#]")
"""Where those who read a URL see the end of host and port, if a password is not percent-encoded."""
_IN_WORDS = re.compile(r"password\s*=\s*('(?:\\.|[^'\\])*'|[^\s'&]+)", re.IGNORECASE)
"""The other form in which libpq is told a password."""


def passwords_in(name: str) -> tuple[str, ...]:
    """
    Find the passwords in a store's name, also in one that is no name of a store.

    :param name: The name, as `open_store` takes it.
    :returns: Each password as it is written and as it is sent.
    """
    address, _, query = name.partition("?")
    user = (address.partition("://")[2] or address).rpartition("@")[0]
    if not user and "@" in query:  # the password may have a question mark in it
        user = (name.partition("://")[2] or name).rpartition("@")[0]
    given = user.partition(":")[2]
    begin = _CUTS.split(given)[0]
    found = [given, begin] if "@" in address or not begin.isdigit() else []
    for pair in query.split("&"):
        parameter, _, value = pair.partition("=")
        if unquote(parameter).lower().endswith(_PARAMETERS):
            found.append(value)
    for value in _IN_WORDS.findall(name):
        found.append(value[1:-1] if value.startswith("'") else value)
    return tuple(dict.fromkeys(each for value in found if value for each in (value, unquote(value))))
