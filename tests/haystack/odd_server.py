# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A server that is no MCP server: it answers each request in the same way, over TLS or not, or not at all."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.fakes.threads import LONGEST_WAIT

HANGS, BREAKS_OFF, EMPTY_STREAM = "hangs", "breaks off", "empty stream"


class OddServer:
    """
    The server; it runs while the context is open.

    :param answer: Status, media type and body, or one of the three words.
    :param tls: The context of its side of TLS, None for none.
    """

    def __init__(self, answer, *, tls=None, **headers):
        self.answer, self.headers = answer, headers
        self.seen = []
        self.closing = threading.Event()
        self._server = _Server(self)
        self.port = self._server.server_address[1]
        if tls is not None:  # the handshake is made in the thread of the connection
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def url(self, scheme="http", path="/mcp"):
        return f"{scheme}://127.0.0.1:{self.port}{path}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, owner):
        self.owner = owner
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request, client_address):
        """Keep quiet about clients that hang up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = LONGEST_WAIT

    def do_GET(self):
        self._handle()

    def do_POST(self):
        self._handle()

    def do_DELETE(self):
        self._handle()

    def do_CONNECT(self):
        self._handle()

    def log_message(self, format, *args):  # noqa: A002 - the base class's name
        pass

    def _handle(self):
        owner = self.server.owner
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        owner.seen.append((self.command, self.path))
        if owner.answer == BREAKS_OFF:
            self.close_connection = True
        elif owner.answer == HANGS:
            owner.closing.wait(LONGEST_WAIT)
        elif owner.answer == EMPTY_STREAM:
            self._send(200, {"Content-Type": "text/event-stream"}, b": nothing comes\n\n")
            owner.closing.wait(LONGEST_WAIT)
        else:
            status, media_type, body = owner.answer
            self._send(status, {"Content-Type": media_type, "Content-Length": str(len(body)), **owner.headers}, body)

    def _send(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
