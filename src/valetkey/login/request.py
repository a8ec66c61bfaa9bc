# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What comes to the callback port, and what of it may be the answer of a login.

A browser that an authorization server sends here navigates: it asks with GET for this host and this path, and shows a
document. Every other request is of another page or another program.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from valetkey import urls

_REQUEST_LINE = re.compile(r"([A-Z]{1,20}) ([\x21-\x7e]+) HTTP/1\.[01]")
_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PURPOSES = ("sec-purpose", "purpose", "x-moz", "x-purpose")


@dataclass(frozen=True, slots=True)
class Request:
    """The head of a request; `fields` has its names in lower case."""

    method: str
    target: str
    fields: Mapping[str, str]

    @property
    def query(self) -> str:
        """What stands behind the first `?`, as it came."""
        return self.target.partition("#")[0].partition("?")[2]


def read_request(head: bytes) -> Request | None:
    """Read what stands before the empty line; None for what is no request of HTTP/1 (RFC 9112 §3, §5)."""
    line, *lines = head.decode("latin-1").replace("\r\n", "\n").split("\n")
    found = _REQUEST_LINE.fullmatch(line)
    if found is None:
        return None
    fields: dict[str, list[str]] = {}
    for each in lines:
        name, colon, value = each.partition(":")
        if not colon or not _FIELD_NAME.fullmatch(name) or "\r" in value or "\x00" in value:
            return None
        fields.setdefault(name.lower(), []).append(value.strip(" \t"))
    if len(fields.get("host", ())) > 1:  # RFC 9112 §3.2
        return None
    return Request(found[1], found[2], {name: ", ".join(values) for name, values in fields.items()})


def is_form(request: Request) -> bool:
    """Tell whether a server has the browser send the answer as a form (OAuth 2.0 Form Post Response Mode)."""
    kind = request.fields.get("content-type", "").partition(";")[0].strip().lower()
    is_empty = request.fields.get("content-length") == "0"  # as the button of our own page sends it
    return request.method == "POST" and kind == "application/x-www-form-urlencoded" and not is_empty


def status_of_stray(request: Request, redirect_uri: str) -> int | None:
    """Give the status for a request that can be no answer; None if it may be one."""
    return next((status for status, is_stray in _STRAYS if is_stray(request, redirect_uri)), None)


def status_of_no_navigation(request: Request) -> int | None:
    """Give the status for a request that no person makes by going to a page; None if it may be one."""
    return next((status for status, is_it in _NO_NAVIGATION if is_it(request, "")), None)


def _is_for_another(request: Request, redirect_uri: str) -> bool:
    """
    A page of another site that has its name resolved to loopback comes with that name.

    Where the target is a whole URL, its host has to be right too (RFC 9112 §3.2.2).
    """
    origin, path = urls.origin(redirect_uri), request.target.partition("#")[0].partition("?")[0]
    if not path.startswith("/"):
        scheme, _, rest = path.partition("://")
        host, slash, rest = rest.partition("/")
        path = slash + rest
        if f"{scheme}://{host}".lower() != origin:
            return True
    # A proxy may write the port that a browser leaves out.
    host = request.fields.get("host", "").lower().removesuffix(":80")
    return path != (urlsplit(redirect_uri).path or "/") or f"http://{host}" != origin


def _is_guess_of_browser(request: Request, _: str) -> bool:
    """A browser that loads in advance asks again when the person really goes there."""
    purposes = " ".join(request.fields.get(name, "") for name in _PURPOSES).lower()
    return "prefetch" in purposes or "preview" in purposes or "prerender" in purposes


def _is_other_method(request: Request, _: str) -> bool:
    return request.method != "GET"


def _is_embedded(request: Request, _: str) -> bool:
    """
    A page loads the address as an image, a frame or a `fetch` (Fetch Metadata §2); browsers of old do not tell.

    `Sec-Fetch-Site` is not looked at: a server that sends a browser here is another site too, and a person who pastes
    the address none. Nor is `Sec-Fetch-User`, which redirects do not keep. A navigation with the destination `empty`
    went through a service worker that another program at this port has left in the browser. A script cannot make one.
    """
    mode, kind = request.fields.get("sec-fetch-mode", "navigate"), request.fields.get("sec-fetch-dest", "document")
    documents = ("document", "empty") if "sec-fetch-mode" in request.fields else ("document",)
    is_socket = "websocket" in request.fields.get("upgrade", "").lower()
    return mode.lower() != "navigate" or kind.lower() not in documents or is_socket


_NO_NAVIGATION: tuple[tuple[int, Callable[[Request, str], bool]], ...] = (
    (503, _is_guess_of_browser),
    (400, _is_embedded),
    (405, _is_other_method),
)
_STRAYS = ((404, _is_for_another), *_NO_NAVIGATION)
"""From the first to the last: the status, and what it is for."""
