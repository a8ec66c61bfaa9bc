# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A proxy that hands each connection on to one of two workers, as the test says or by turns."""

import socket
import threading
from contextlib import suppress

from tests.servers.process import HOST


class Proxy:
    """Listens while the context is open; `targets` are the ports that take the next connections, by turns."""

    def __init__(self, port, targets):
        self.port = port
        self.targets = list(targets)
        self._listening = socket.create_server((HOST, port))
        self._lock = threading.Lock()
        self._turn = 0

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind, error, traceback):
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self):
        while True:
            try:
                browser, _ = self._listening.accept()
            except OSError:
                return
            with self._lock:
                self._turn += 1
                target = self.targets[self._turn % len(self.targets)]
            try:
                worker = socket.create_connection((HOST, target))
            except OSError:
                browser.close()
                continue
            threading.Thread(target=_connect, args=(browser, worker), daemon=True).start()


def _connect(browser, worker):
    with browser, worker:
        back = threading.Thread(target=_pump, args=(worker, browser), daemon=True)
        back.start()
        _pump(browser, worker)
        back.join()


def _pump(source, sink):
    with suppress(OSError):
        while part := source.recv(65536):
            sink.sendall(part)
    for each in (source, sink):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
