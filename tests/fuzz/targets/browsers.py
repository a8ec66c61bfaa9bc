# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What browsers and other programs send to the callback port."""

import socket

from tests.fuzz.checks import in_proportion, require_sendable
from tests.fuzz.reading import Input
from tests.fuzz.target import Target
from valetkey.login.connections import _Connection
from valetkey.login.request import is_form, read_request, status_of_stray

_REDIRECT_URIS = ("http://127.0.0.1:41234/callback", "http://[::1]:80/", "http://127.0.0.1/callback")


def _head_of(received, piece):
    """Give what `_Connection` takes for the head, where the bytes come in pieces."""
    with socket.socket() as unused:
        connection = _Connection(unused)
    heads = (connection.add(received[start : start + piece]) for start in range(0, len(received), piece))
    return next((head for head in heads if head is not None), None)


def _browser_request(data):
    source = Input(data)
    redirect_uri, piece = source.choice(_REDIRECT_URIS), source.choice((1 << 16, 7, 1))
    received = source.rest()
    with in_proportion(4 * len(received)):
        head = _head_of(received, piece)
        assert head == _head_of(received, 1 << 16)  # the pieces make no difference
        request = None if head is None else read_request(head)
        if request is not None:
            require_sendable(request.query)
            assert "\n" not in request.target + "".join(request.fields.values())
            is_form(request)
            assert status_of_stray(request, redirect_uri) in (None, 400, 404, 405, 503)


TARGETS = (
    Target(
        name="browser_request",
        reads="a request to the callback port",
        modules=("login/connections.py", "login/request.py"),
        run=_browser_request,
        tokens=(
            b"\x00\x00GET /callback?code=c&state=s HTTP/1.1\r\n",
            b"\x00\x00GET http://127.0.0.1:41234/callback HTTP/1.0\n",
            b"POST ",
            b"Host: 127.0.0.1:41234\r\n",
            b"Host: [::1]\r\n",
            b"Sec-Fetch-Mode: navigate\r\n",
            b"Sec-Fetch-Dest: document\r\n",
            b"Purpose: prefetch\r\n",
            b"Upgrade: websocket\r\n",
            b"Content-Type: application/x-www-form-urlencoded\r\n",
            b"Content-Length: 0\r\n",
            b"\r\n\r\n",
            b"\n\n",
            b"\n\r\n",
        ),
    ),
)
