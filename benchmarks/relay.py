# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A network with a latency, in front of the server of the benchmarks: `python -m benchmarks.relay --help`.

Each new connection and each answer is held for a while, and connections are counted. It reads no HTTP: what the server
sends first after something came from the client is an answer. With a certificate it speaks TLS to the client. A
connection to the control port gets the number of connections since the last time, and closes.
"""

import argparse
import asyncio
import os
import ssl
import sys
import threading

from tests.servers.process import HOST

_LARGEST = 65_536


class Relay:
    """
    The latency of one network.

    :param target: The port of the server.
    :param connecting: Seconds by which a connection is held before anything passes.
    :param answering: Seconds by which each answer is held.
    """

    def __init__(self, target: int, connecting: float, answering: float) -> None:
        self.connections = 0
        self._target = target
        self._connecting = connecting
        self._answering = answering

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what a client and the server say to each other."""
        self.connections += 1
        await asyncio.sleep(self._connecting)
        answers, requests = await asyncio.open_connection(HOST, self._target)
        is_answer = asyncio.Event()

        async def pass_requests() -> None:
            while part := await reader.read(_LARGEST):
                is_answer.set()
                requests.write(part)
                await requests.drain()

        async def pass_answers() -> None:
            while part := await answers.read(_LARGEST):
                if is_answer.is_set():
                    is_answer.clear()
                    await asyncio.sleep(self._answering)
                writer.write(part)
                await writer.drain()

        # Whichever side hangs up first ends the connection.
        ways = [asyncio.ensure_future(pass_requests()), asyncio.ensure_future(pass_answers())]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for end in (requests, writer):
            end.close()

    async def tell(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Tell the number of connections, and begin to count anew."""
        writer.write(str(self.connections).encode())
        self.connections = 0
        await writer.drain()
        writer.close()


async def serve(options: argparse.Namespace) -> None:
    relay = Relay(options.target, options.connecting, options.answering)
    tls = None
    if options.certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(options.certificate)
    listener = await asyncio.start_server(relay.connect, HOST, options.port, ssl=tls)
    control = await asyncio.start_server(relay.tell, HOST, options.control)
    async with listener, control:
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="relay")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--control", type=int, required=True)
    parser.add_argument("--target", type=int, required=True)
    parser.add_argument("--connecting", type=float, required=True, help="seconds")
    parser.add_argument("--answering", type=float, required=True, help="seconds")
    parser.add_argument("--certificate", help="a PEM file with certificate and key")
    options = parser.parse_args()
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    asyncio.run(serve(options))


def _end_with_stdin() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
