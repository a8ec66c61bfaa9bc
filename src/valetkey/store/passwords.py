# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The passwords in the name of a store on a server, which no text about that store may show."""

import re
from urllib.parse import unquote

_PARAMETERS = ("password", "secret", "token")
"""How the name of a parameter ends whose value is a password: `password` and `sslpassword` of libpq, and the like."""
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
    found = [user.partition(":")[2]]
    for pair in query.split("&"):
        parameter, _, value = pair.partition("=")
        if unquote(parameter).lower().endswith(_PARAMETERS):
            found.append(value)
    for value in _IN_WORDS.findall(name):
        found.append(value[1:-1] if value.startswith("'") else value)
    return tuple(dict.fromkeys(each for value in found if value for each in (value, unquote(value))))
