# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How a bridge begins and ends: what cannot be used is said in two lines, and to the client."""

import json
import signal
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.cli.bridge.running import COMMAND, Bridge
from tests.cli.bridge.test_relay import META
from tests.fakes.threads import LONGEST_WAIT, until
from tests.servers.process import HOST, free_port

INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}


def _close_input(bridge):
    bridge.process.stdin.close()
    bridge.process.stdin = None


@pytest.mark.parametrize("how", ["input", signal.SIGTERM, signal.SIGINT], ids=str)
def test_a_bridge_ends_at_once_and_ends_its_session_at_the_server(how, server):
    with Bridge(server.url) as bridge:
        bridge.open()
        bridge.ask(1, "tools/call", name="hold", arguments={})
        while "hold" not in server.log()["calls"]:
            bridge.ask(2, "ping")
            bridge.answer(2)
        if how == "input":
            _close_input(bridge)
        else:
            bridge.process.send_signal(how)
        code, _, said = bridge.end()
    assert (code, said) == (0, "")
    assert server.log()["requests"][-1]["method"] == "DELETE"


def test_a_client_that_closes_its_end_of_the_output_ends_the_bridge(server):
    with Bridge(server.url) as bridge:
        bridge.open()
        bridge.process.stdout.close()
        bridge.ask(1, "ping")
        bridge.process.stdout = None
        assert bridge.process.wait(60) == 141
        assert bridge.process.stderr.read() == b""


def test_a_bridge_without_a_line_of_its_client_ends_with_its_input(server):
    with Bridge(server.url) as bridge:
        _close_input(bridge)
        assert bridge.end() == (0, "", "")


class _Page(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status = int(self.path.strip("/") or 200)
        body = b"<html>secret-of-the-server</html>"
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # noqa: N815 - the name of the base class

    def log_message(self, format, *args):  # noqa: A002 - the name of the base class
        pass


@pytest.fixture(scope="module")
def page():
    """A web server that is no MCP server; the path is the status that it answers with."""
    with ThreadingHTTPServer((HOST, 0), _Page) as running:
        threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://{HOST}:{running.server_address[1]}"
        running.shutdown()


CANNOT_BE_USED = {
    "no URL": (["nonsense"], 2, "is not the URL"),
    "nothing listens": ([f"http://{HOST}:{free_port()}/mcp"], 75, "nothing listens"),
}


@pytest.mark.parametrize("case", CANNOT_BE_USED)
def test_what_cannot_be_used_is_said_to_the_client_and_in_two_lines(case, tmp_path):
    arguments, expected, words = CANNOT_BE_USED[case]
    with Bridge(*arguments, VALETKEY_STORE=f"sqlite:///{tmp_path}/s.db") as bridge:
        error = bridge.open()["error"]
        code, output, said = bridge.end()
    assert (code, output) == (expected, "")
    what, hint = said.splitlines()
    assert error["message"] == f"{what.removeprefix('Error: ')} {hint}"
    assert words in error["message"]


def test_what_is_no_mcp_server_is_said_without_its_page(page):
    with Bridge(f"{page}/404") as bridge:
        error = bridge.open()["error"]
        code, _, said = bridge.end()
    assert code == 11
    assert len(said.splitlines()) == 2
    assert "secret-of-the-server" not in said + str(error)


def test_a_silent_bridge_says_only_what_ends_it(server):
    with Bridge(server.url, "--silent") as bridge:
        bridge.write("{garbage\n")
        bridge.open()
        _close_input(bridge)
        assert bridge.end()[2] == ""


@pytest.mark.parametrize(("closed", "code"), [("2>&-", 75), (">&-", 141)])
def test_a_stream_that_was_never_open_is_no_fault(closed, code):
    command = ["sh", "-c", f'exec "$@" {closed}', "sh", *COMMAND, f"http://{HOST}:{free_port()}/mcp"]
    asked = b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}\n'
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdin.write(asked)
        process.stdin.flush()
        assert process.wait(LONGEST_WAIT) == code
        assert b"Traceback" not in process.stderr.read()
        assert process.stdout.read().count(b"nothing listens") == (code == 75)


def _piped(text, url):
    """Run a bridge with an input that ends."""
    return subprocess.run([*COMMAND, url], input=text.encode(), capture_output=True, check=False, timeout=LONGEST_WAIT)


def test_a_person_who_tries_the_bridge_with_a_pipe_gets_all_answers(server):
    lines = (
        {"id": 0, "method": "initialize", "params": INITIALIZE},
        {"method": "notifications/initialized"},
        {"id": 1, "method": "tools/call", "params": {"name": "echo", "arguments": {"text": "x"}}},
    )
    text = "\n".join(json.dumps({"jsonrpc": "2.0", **line}) for line in lines)  # without a line break at its end
    done = subprocess.run(
        [*COMMAND, server.url], input=text.encode(), capture_output=True, check=False, timeout=LONGEST_WAIT
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [0, 1]


def test_a_pipe_to_a_server_that_is_down_ends_with_its_error():
    line = json.dumps({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": INITIALIZE}) + "\n"
    url = f"http://{HOST}:{free_port()}/mcp"
    done = _piped(line, url)
    assert done.returncode == 75
    assert b"nothing listens" in done.stdout


def test_a_signal_ends_a_bridge_that_waits_for_the_answers_to_a_pipe(server):
    with Bridge(server.url) as bridge:
        bridge.ask(1, "tools/call", name="hold", arguments={}, _meta=META)
        _close_input(bridge)
        until(lambda: "hold" in server.log()["calls"])
        bridge.process.send_signal(signal.SIGTERM)
        assert bridge.end() == (0, "", "")


FOREIGN = ["--keep-alive", "--ping-interval", "60", "--body-timeout=0", "--ipv4", "--protocol", "auto"]


@pytest.mark.parametrize("silent", [[], ["--silent"]], ids=str)
def test_the_arguments_of_mcp_remote_that_the_bridge_has_not_are_passed_over_and_told(server, silent):
    with Bridge(*FOREIGN, server.url, "--disable-cookies", *silent) as bridge:
        assert "result" in bridge.open()
        _close_input(bridge)
        code, output, said = bridge.end()
    assert (code, output) == (0, "")
    told = [line.split()[0] for line in said.splitlines()]
    names = ["--keep-alive", "--ping-interval", "--body-timeout", "--ipv4", "--protocol", "--disable-cookies"]
    assert told == ([] if silent else names)
