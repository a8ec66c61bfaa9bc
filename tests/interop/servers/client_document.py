# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The https server of a user who has a Client ID Metadata Document, with a certificate made for the context."""

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.network.certificates import make_certificates
from tests.servers.process import HOST
from valetkey.protocol.client_document import build_document, document_text

_PATH = "/client.json"


@dataclass(frozen=True)
class ClientDocument:
    """
    A document that is served.

    :param url: Where, which is also the client's id.
    :param authority: The certificate that a program must trust to read it.
    """

    url: str
    authority: Path


def _usual(url: str) -> dict[str, Any]:
    return build_document(url, name="Valetkey")


@contextmanager
def client_document(build: Callable[[str], dict[str, Any]] = _usual) -> Iterator[ClientDocument]:
    """
    Serve the document of a client whose redirect goes to this machine, on any port.

    :param build: Makes the document of a URL.
    :yields: The document.
    """
    with (
        tempfile.TemporaryDirectory(prefix="valetkey-document-") as folder,
        _Server(build) as server,
    ):
        certificates = make_certificates(Path(folder))
        server.socket = certificates.context("good").wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield ClientDocument(f"https://{HOST}:{server.server_port}{_PATH}", certificates.authority)
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    def __init__(self, build: Callable[[str], dict[str, Any]]) -> None:
        self.build = build
        super().__init__((HOST, 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    # nanoidp 3.4 cannot read the body of an answer after which the connection is closed, as HTTP/1.0 does.
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        found = self.path == _PATH
        url = f"https://{self.headers['Host']}{_PATH}"
        content = document_text(self.server.build(url)).encode() if found else b""
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""
