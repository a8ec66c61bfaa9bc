# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A request to the web app as the function `principal=` gets it, made of what the ASGI server gives."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

_ESCAPE = re.compile(r"\\(?:([0-3][0-7][0-7])|(.))")

Scope = Mapping[str, Any]


class Absent(KeyError):
    """A header field or cookie is asked for that the request does not have: it names no user."""


class Fields(Mapping[str, str]):
    """Header fields or cookies of one request; a name that is not there raises `Absent`."""

    def __init__(self, values: Mapping[str, str], *, ignores_case: bool) -> None:
        self._values = values
        self._ignores_case = ignores_case

    def __getitem__(self, name: str) -> str:
        try:
            return self._values[name.lower() if self._ignores_case else name]
        except KeyError:
            raise Absent(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@dataclass(frozen=True, slots=True)
class WebRequest:
    """
    A request to the web app, which can be read and not changed.

    `request.headers["x-forwarded-user"]` and `request.cookies["session"]` need no check whether they are there: a
    request without them is of a visitor who is not signed in.

    :param method: The HTTP method; "WEBSOCKET" for a WebSocket.
    :param path: The path, without the prefix that the app is served below.
    :param headers: The header fields, by their names in any case. A field that comes twice has both values, with a
        comma between them.
    :param cookies: The cookies, by their names.
    :param client: The address of the program that connects: the user's, or that of a proxy. None if it is not known.
    :param user: What an authentication middleware has put into the scope as `user`, or None.
    :param scope: The ASGI scope, for what other middlewares leave there, such as `scope["session"]`.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    cookies: Mapping[str, str] = field(repr=False)
    client: str | None
    user: Any = field(repr=False)
    scope: Scope = field(repr=False)

    @classmethod
    def of(cls, scope: Scope) -> "WebRequest":
        """
        Read the scope of an ASGI server.

        :param scope: The scope of an HTTP request or a WebSocket.
        :returns: The request.
        """
        headers = _headers(scope.get("headers", ()))
        client = scope.get("client")
        return cls(
            method=scope.get("method", "WEBSOCKET"),
            path=path_in_app(scope),
            headers=Fields(headers, ignores_case=True),
            cookies=Fields(_cookies(headers.get("cookie", "")), ignores_case=False),
            client=client[0] if client else None,
            user=scope.get("user"),
            scope=MappingProxyType(dict(scope)),
        )


def path_in_app(scope: Scope) -> str:
    """Give the path without the prefix (`root_path`), which servers of ASGI before 2.4 leave out themselves."""
    path: str = scope.get("path", "")
    root: str = scope.get("root_path", "").rstrip("/")
    return path[len(root) :] if root and (path == root or path.startswith(f"{root}/")) else path


def _headers(pairs: Any) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        separator = "; " if name == "cookie" else ", "  # RFC 9113 §8.2.3, RFC 9110 §5.3
        headers[name] = f"{headers[name]}{separator}{value}" if name in headers else value
    return headers


def _cookies(header: str) -> dict[str, str]:
    """Read the cookies; of two with one name the later counts, as for Starlette, so that both see the same user."""
    pairs = (each.partition("=") for each in header.split(";") if "=" in each)
    return {name.strip(): _unquoted(value.strip()) for name, _, value in pairs}


def _unquoted(value: str) -> str:
    """Undo what Python's `http.cookies` does with a value that has other characters than most, such as `=` or `/`."""
    if len(value) < 2 or not value.startswith('"') or not value.endswith('"'):
        return value
    return _ESCAPE.sub(lambda found: chr(int(found[1], 8)) if found[1] else found[2], value[1:-1])
