# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""No command prints a secret, except the one that is for it; also not with `--debug`, and not where it fails."""

import base64
import json
import re

import pytest

from tests.adapters.server import Answer
from tests.cli.commands import with_login_page

CLIENT = ("--client-id", "mine", "--client-secret", "env:THE_SECRET")


@pytest.fixture
def server(server):
    server.authorization.knows("mine", secret="sesame-of-the-client", method="client_secret_basic")
    return with_login_page(server)


def lived(valetkey, server):
    """Run each command once, well and badly, and give all that was printed; a link holds the state of its login."""
    given = {"THE_SECRET": "sesame-of-the-client"}
    commands = [
        ("login", server.url),
        ("login", server.url, "--label", "work"),
        ("login", server.url, "--label", "job", *CLIENT, "--issuer", server.origin),
        ("login", server.url, "--label", "odd", *CLIENT),
        ("status",),
        ("refresh",),
        ("token", server.url),
        ("token", server.url, "--label", "none"),
        ("tools", server.url, "--label", "work"),
        ("export", "other.db"),
        ("logout", server.url, "--label", "work"),
        ("logout", "--all"),
    ]
    shown = []
    for command in commands:
        for more in ((), ("--json",), ("--debug",)):
            done = valetkey(*command, *more, **given)
            shown.append(re.sub(r"\n    http\S+\n", "\n", done.out + done.err))
    return "\n".join(shown)


def test_no_secret_is_printed(valetkey, server):
    shown = lived(valetkey, server)
    secrets = {secret for secret in server.authorization.secrets if len(secret) > 5}
    assert len(secrets) > 10
    assert {secret for secret in secrets if secret in shown} == set()
    assert "Traceback" in shown  # with --debug


FORMS = {
    "plain": lambda token: token,
    "hex": lambda token: token.encode().hex(),
    "base64": lambda token: base64.b64encode(f"Bearer {token}".encode()).decode(),
    "upper": str.upper,
    "percent": lambda token: "".join(f"%{byte:02x}" for byte in token.encode()),
    "escapes": lambda token: "".join(f"\\u{ord(each):04x}" for each in token),
    "cut": lambda token: token[: len(token) * 2 // 3],
}
ODD = "\x1b[31mred\x1b]0;title\x07 \u202ebidi\u2066 \x9b2J [bold]m[/bold]"
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def repeating(server, form, way):
    """Let the MCP server repeat the token of each request in what it says, with what moves a cursor."""

    def answer(seen):
        if not server.authorization.accepts(seen.token or ""):
            return server.rejects(seen)
        asked, said = json.loads(seen.body or b"{}"), f"no token: {FORMS[form](seen.token)} {ODD}"
        if "id" not in asked:
            return Answer(202, (), b"")
        fields = (("Content-Type", "application/json"),)
        error = {"jsonrpc": "2.0", "id": asked["id"], "error": {"code": -32000, "message": said, "data": said}}
        result = {"protocolVersion": said, "capabilities": said, "serverInfo": said}
        return {
            "an error": Answer(200, fields, json.dumps(error).encode()),
            "an HTTP error": Answer(400, fields, json.dumps(error).encode()),
            "a page": Answer(200, (("Content-Type", "text/html"),), said.encode()),
            "no MCP": Answer(200, fields, json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}).encode()),
            "a stream of no JSON": Answer(200, (("Content-Type", "text/event-stream"),), f"data: {said}\n\n".encode()),
        }[way]

    server.routes["/mcp"] = answer


@pytest.mark.parametrize(
    ("form", "way"),
    [
        *((form, "an error") for form in FORMS),
        *(("plain", way) for way in ("an HTTP error", "a page", "no MCP", "a stream of no JSON")),
    ],
)
def test_no_token_that_a_server_repeats_and_nothing_that_moves_a_cursor_is_printed(valetkey, server, form, way):
    assert valetkey("login", server.url).code == 0
    repeating(server, form, way)
    for command in (("tools", server.url, "--json"), ("call", server.url, "anything", "--debug")):
        done = valetkey(*command)
        assert done.code != 0
        shown = done.out + done.err
        repeated = [FORMS[form](secret) for secret in server.authorization.secrets if len(secret) > 5]
        assert [each for each in repeated if each in shown] == []
        assert CONTROL.search(shown) is None
        assert ("Traceback" in shown) == ("--debug" in command)


def test_a_list_of_tools_shows_no_token_that_it_repeats(valetkey, server):
    assert valetkey("login", server.url).code == 0

    def answer(seen):
        if not server.authorization.accepts(seen.token or ""):
            return server.rejects(seen)
        asked = json.loads(seen.body or b"{}")
        if "id" not in asked:
            return Answer(202, (), b"")
        results = {
            "initialize": {
                "protocolVersion": "2025-06-18",
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "server", "version": "1"},
            },
            "tools/list": {
                "tools": [{"name": "one", "description": f"of {seen.token}", "inputSchema": {"type": "object"}}]
            },
        }
        body = {"jsonrpc": "2.0", "id": asked["id"], "result": results[asked["method"]]}
        return Answer(200, (("Content-Type", "application/json"),), json.dumps(body).encode())

    server.routes["/mcp"] = answer
    done = valetkey("tools", server.url)
    assert (done.code, done.out.replace(" ", "")) == (0, "one\nof…\n")
