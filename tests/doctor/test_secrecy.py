# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""No secret of the settings, the URL or a header field comes out in any form, also where a server repeats it."""

import base64
import json

import pytest

from tests.adapters.server import Answer, McpServer
from tests.cli.commands import CommandLine, with_login_page
from tests.doctor import wire
from tests.doctor.serving import Broken
from valetkey import OAuth
from valetkey._cli.doctor.shown import secrets_in, secrets_in_field, shown_url

QUERY = "q-7Hf2kLm9Xz81"
PASSWORD = "pw-c0rrect-horse"
FIELD = "f-9dKq3mVbTt55"
CLIENT_SECRET = "cs-Zx81nPq0Lw72"
SECRETS = (QUERY, PASSWORD, FIELD, CLIENT_SECRET)


@pytest.fixture
def server():
    with Broken(repeating=True) as running:
        yield running


def forms(tmp_path, *arguments, **environment):
    valetkey = CommandLine(tmp_path / "sessions.db")
    page = tmp_path / "page.html"
    shown = valetkey("doctor", *arguments, "--html", page, **environment)
    document = valetkey("doctor", *arguments, "--json", **environment)
    written = page.read_text("utf-8") if page.exists() else ""
    debug = valetkey("doctor", *arguments, "--debug", **environment)
    return [shown.out, shown.err, document.out, document.err, debug.out, debug.err, written], document


@pytest.mark.parametrize("way", ["query", "field", "secret", "user"])
def test_no_secret_of_the_user_comes_out(way, server, tmp_path):
    url = server.url
    arguments = {
        "query": [f"{url}?api_key={QUERY}&x=%2B{QUERY}"],
        "field": [url, "--header", f"X-Gate: {FIELD}"],
        "secret": [url, "--client-id", "mine", "--client-secret", "env:MINE", "--issuer", server.origin],
        "user": [url.replace("http://", f"http://jane:{PASSWORD}@")],
    }[way]
    texts, document = forms(tmp_path, *arguments, MINE=CLIENT_SECRET)
    assert json.loads(document.out)["steps"]
    for text in texts:
        for secret in SECRETS:
            assert secret not in text
            assert base64.b64encode(secret.encode()).decode()[:12] not in text


def stored_token(valetkey, url):
    return OAuth(url, store=valetkey.store, login="never").session.token


def test_no_stored_token_comes_out_where_a_server_repeats_it(tmp_path):
    with McpServer() as running:
        server = with_login_page(running)
        valetkey = CommandLine(tmp_path / "sessions.db")
        assert valetkey("login", server.url).code == 0
        token = stored_token(valetkey, server.url)
        tokens = [token.access_token.reveal(), token.refresh_token.reveal()]
        repeated = " ".join(tokens)

        def repeats(_):
            field = f'Bearer error="invalid_token", error_description="{repeated}", scope="{repeated}"'
            return Answer(401, (("WWW-Authenticate", field),), repeated.encode())

        server.routes["/mcp"] = repeats
        texts, document = forms(tmp_path, server.url)
    assert tokens
    assert json.loads(document.out)["verdict"]["name"] == "works"
    assert not any(token in text for token in tokens for text in texts)


def test_a_url_is_shown_without_what_may_be_a_secret():
    assert shown_url(f"https://u:{PASSWORD}@h.example/mcp?key={QUERY}&flag") == "https://h.example/mcp?key=…&…"


def test_the_secrets_of_a_url_are_known():
    found = secrets_in(f"https://janedoe:{PASSWORD}@h.example/mcp?key={QUERY}%21&n=1")
    assert {PASSWORD, "janedoe", f"{QUERY}!", f"{QUERY}%21"} == set(found)
    assert secrets_in("https://[") == ()


@pytest.mark.parametrize(
    ("value", "secrets"),
    [
        (f"Bearer {FIELD}", {f"Bearer {FIELD}", FIELD}),
        ("Bearer s3cr", {"Bearer s3cr", "s3cr"}),
        ("Basic amFuZTpwdy1jMHJyZWN0", {"Basic amFuZTpwdy1jMHJyZWN0", "amFuZTpwdy1jMHJyZWN0", "jane", "pw-c0rrect"}),
        ("Basic !!!!", {"Basic !!!!", "!!!!"}),
        ("1", set()),
    ],
)
def test_the_secrets_of_a_header_field_are_known(value, secrets):
    assert set(secrets_in_field(value)) == secrets


def test_no_password_comes_out_that_a_server_decodes(tmp_path):
    said = f"who is jane with {PASSWORD}?"
    refusal = wire.answer(403, {"error": "forbidden", "error_description": said}, server=said)
    with Broken({wire.PING: refusal}) as server:
        given = base64.b64encode(f"jane:{PASSWORD}".encode()).decode()
        texts, _ = forms(tmp_path, server.url, "--header", f"X-Gate: Basic {given}")
    assert [text for text in texts if PASSWORD in text] == []
    assert any("403" in text for text in texts)
