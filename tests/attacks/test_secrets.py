# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Attacks on secrets through what is shown, logged or written."""

import copy
import json
import logging
import pickle
import time
import traceback
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl, quote_plus, urlsplit

import httpx2
import pytest
from haystack.utils import Secret as HaystackSecret

from haystack_integrations.tools.mcp_oauth import OAuthConfig
from tests.fakes.authorization_server import DEVICE_AUTHORIZATION, ISSUER, REGISTER, SERVER_METADATA, TOKEN
from tests.fakes.echoes import SPELLINGS, Echo, found_in, json_answer
from tests.fakes.network import challenges
from tests.fakes.world import World
from tests.network.server import WireServer
from tests.requirements import requirement
from tests.servers import free_port
from valetkey._adapters.failures import http_error
from valetkey._adapters.second_rejection import rejection_of_new_token, warn_of_second_rejection
from valetkey._engine.factory import build_engine
from valetkey._network.request_log import log_exchange
from valetkey.errors import (
    AuthError,
    ClientRefused,
    ConfigurationError,
    IssuerMismatch,
    StoreError,
    TemporaryError,
    quote,
)
from valetkey.errors.redaction import redacting
from valetkey.login import LoginPrompt
from valetkey.settings import Network
from valetkey.settings.settings import Settings
from valetkey.store import open_store
from valetkey.store.backends.postgres import PostgresStore
from valetkey.store.backends.sqlite import SqliteStore
from valetkey.store.encryption.encrypted import EncryptedStore
from valetkey.store.encryption.keys import DataKey, DataKeys
from valetkey.values import Secret, Token
from valetkey.wire import HttpResponse

CANARY = "G7f2kLm9qRs+tUv/wXyZ4"
REDIRECT_URI = "http://127.0.0.1:8080/callback"
CONFIDENTIAL = {
    "client_id": "mine",
    "client_secret": Secret(CANARY),
    "redirect_uri": REDIRECT_URI,
    "issuer": ISSUER,
}


def shown_by(error):
    """Whatever a program may print of an error: its texts, its attributes, its traceback."""
    return "\n".join([str(error), repr(error), repr(vars(error)), *traceback.format_exception(error)])


def failure_of(world, **settings):
    with pytest.raises(AuthError) as caught:
        world.engine(**settings).replace(None)
    return caught.value


def an_echo(status, member, spelling):
    """Answer with the secrets of a request in one member, spelled in one way; HTML and form are whole bodies."""

    def answer(request, secrets):
        said = f"never heard of {' or '.join(SPELLINGS[spelling](secret) for secret in secrets.split())}"
        return json_answer(request, status, {"error": "invalid_request", member: said})

    return answer


@requirement("SEC-12")
@pytest.mark.parametrize("status", [200, 400, 401, 503])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_token_endpoint_that_repeats_what_it_was_sent_gets_it_into_no_text(spelling, status, caplog):
    """Code, verifier and client secret, as they are, and in every spelling. Row I6. Threat S1."""
    caplog.set_level(logging.DEBUG)
    world = World()
    world.server.knows("mine", REDIRECT_URI, secret=CANARY)
    echo = world.send = Echo(world.server, [TOKEN], an_echo(status, "error_description", spelling))
    shown = shown_by(failure_of(world, **CONFIDENTIAL)) + caplog.text
    assert "never heard of" in shown
    assert CANARY in echo.sent
    assert len(set(echo.sent)) >= 3
    assert found_in(shown, echo.sent) == []


def document(status, build):
    return lambda request, secrets: json_answer(request, status, build(secrets))


def field(status, name, build):
    return lambda request, secrets: HttpResponse(status, request.url, ((name, build(secrets)),), b"x")


def body(media_type):
    def answer(request, secrets):
        return HttpResponse(400, request.url, (("Content-Type", media_type),), f"never heard of {secrets}".encode())

    return answer


def a_form(request, _):
    fields = (("Content-Type", "application/x-www-form-urlencoded"),)
    return HttpResponse(200, request.url, fields, b"error=x&error_description=" + request.body.replace(b"&", b"%26"))


ANSWERS = {
    "error": document(400, lambda secrets: {"error": f"unknown {secrets}"}),
    "error_uri": document(400, lambda secrets: {"error": "x", "error_uri": f"https://e.example/{secrets}"}),
    **{name: an_echo(400, name, "raw") for name in ("detail", "message", "title", "reason")},
    "a list of errors": document(422, lambda secrets: {"errors": [{"loc": [secrets], "msg": secrets}]}),
    "a name of a member": document(400, lambda secrets: {secrets: ["unknown"]}),
    "plain text": body("text/plain"),
    "HTML": body("text/html"),
    "a form": a_form,
    "Location": field(302, "Location", lambda secrets: f"https://e.example/{secrets}"),
    "a relative Location": field(307, "Location", lambda secrets: f"/{secrets}"),
    "Content-Encoding": field(400, "Content-Encoding", str),
    "Retry-After": field(503, "Retry-After", str),
    "WWW-Authenticate": field(401, "WWW-Authenticate", lambda secrets: f'Basic realm="{secrets}"'),
    "token_type": document(200, lambda secrets: {"access_token": "a-new-one", "token_type": secrets}),
    "a token that no field may hold": document(200, lambda secrets: {"access_token": f"{secrets}\n"}),
}


@requirement("SEC-12")
@pytest.mark.parametrize("place", ANSWERS)
def test_no_place_of_an_answer_gets_a_secret_into_a_text(place, caplog):
    """Row I6. Threat S2."""
    caplog.set_level(logging.DEBUG)
    world = World()
    world.server.knows("mine", REDIRECT_URI, secret=CANARY)
    echo = world.send = Echo(world.server, [TOKEN], ANSWERS[place])
    shown = shown_by(failure_of(world, **CONFIDENTIAL)) + caplog.text
    assert TOKEN in shown
    assert found_in(shown, echo.sent) == []


@requirement("SEC-12")
def test_a_renewal_that_is_refused_repeats_no_refresh_token(caplog):
    """Row I6. Threat S3."""
    caplog.set_level(logging.DEBUG)
    world = World()
    world.server.knows("mine", REDIRECT_URI, secret=CANARY)
    echo = Echo(world.server, [TOKEN], an_echo(400, "error_description", "JSON escapes"))
    echo.is_on, world.send = False, echo
    world.engine(**CONFIDENTIAL).replace(None)
    world.clock.time += 86_400
    echo.is_on = True
    shown = shown_by(failure_of(world, **CONFIDENTIAL)) + caplog.text
    assert any(secret.startswith("refresh-") for secret in echo.sent)
    assert "never heard of" in shown
    assert found_in(shown, echo.sent) == []


@requirement("RSP-8", "SEC-12")
@pytest.mark.parametrize("parameter", ["error", "error_description"])
def test_an_answer_to_a_login_that_repeats_its_state_shows_it_in_no_text(parameter):
    """Row I6. Threat S4."""
    world, states = World(), []

    def brings(callback):
        states.append(dict(parse_qsl(urlsplit(callback).query))["state"])
        others = {"error": "access_denied", parameter: f"no,{states[0]}"}
        said = "&".join(f"{name}={value}" for name, value in others.items())
        return f"{callback.partition('?')[0]}?state={states[0]}&{said}"

    world.person.brings = brings
    assert found_in(shown_by(failure_of(world)), states) == []
    assert len(states) == 1


@requirement("SEC-12")
@pytest.mark.parametrize("url", [REGISTER, DEVICE_AUTHORIZATION])
def test_no_other_endpoint_gets_a_secret_into_a_text(url):
    """Row I6. Threat S5."""
    world = World(offers_device_login=True)
    world.server.knows("mine", REDIRECT_URI, secret=CANARY)
    echo = world.send = Echo(world.server, [url], an_echo(400, "error_description", "percent-encoded"))
    settings = {"initial_access_token": Secret(CANARY), "issuer": world.server.issuer}
    if url == DEVICE_AUTHORIZATION:
        settings = {**CONFIDENTIAL, "redirect_uri": None, "grant": "device_code"}
    shown = shown_by(failure_of(world, **settings))
    assert CANARY in echo.sent
    assert "never heard of" in shown
    assert found_in(shown, echo.sent) == []


def test_a_secret_that_reads_like_an_error_code_changes_no_decision():
    """Row I6. Threat S6."""
    for secret in ("client", "invalid_client", "invalid_client_2026"):
        world = World()
        world.server.knows("mine", REDIRECT_URI, secret=secret)
        world.send = Echo(
            world.server, [TOKEN], lambda request, _: json_answer(request, 401, {"error": "invalid_client"})
        )
        error = failure_of(world, **{**CONFIDENTIAL, "client_secret": Secret(secret)})
        assert isinstance(error, ClientRefused)
        assert error.error == "invalid_client"
        assert "client_secret" in error.hint


HOSTILE = "https://x\x1b[2J\x1b]0;owned\x07\x9b\u202e\u2066\u200b\u2028\r\n" + "é" * 3000


@requirement("GEN-7", "SEC-12")
def test_the_name_of_an_issuer_moves_no_cursor_and_fills_no_log(caplog):
    """Row I7. Threat S7."""
    world = World(calls_itself=HOSTILE)
    error = failure_of(world, issuer=world.server.issuer)
    assert isinstance(error, IssuerMismatch)
    for text in (str(error), repr(error), error.received, error.message, error.hint, *error.tried, caplog.text):
        assert all(each.isprintable() for each in text.split("\n"))
        assert len(text) < 10_000
    assert error.received.startswith(r"https://x\u001b[2J")


@requirement("SEC-12")
def test_the_words_of_a_library_behind_an_error_repeat_no_secret():
    """Row I6. Threat S8."""
    world = World()
    world.server.knows("mine", REDIRECT_URI, secret=CANARY)

    def breaks(_, secrets):
        message = "The answer cannot be read."
        library = ValueError(f"illegal field \x1b[2J{secrets}", bytearray(secrets.encode()))
        raise TemporaryError(message, hint="Try again later.") from library

    echo = world.send = Echo(world.server, [TOKEN], breaks)
    shown = shown_by(failure_of(world, **CONFIDENTIAL))
    assert "illegal field" in shown
    assert "\x1b" not in shown
    assert found_in(shown, echo.sent) == []


@requirement("SEC-12")
def test_a_cap_leaves_no_beginning_of_a_secret():
    """Row I6. Threat S9."""
    with redacting(CANARY):
        assert CANARY[:4] not in quote("x" * 190 + CANARY)


def a_rejection(**fields):
    return SimpleNamespace(url="https://mcp.example.com/mcp", status_code=401, **fields)


@requirement("SEC-12")
def test_an_mcp_server_that_rejects_a_new_token_cannot_log_it(caplog):
    """Row I6. Threat S10."""
    token = Token(Secret(CANARY), 0.0)
    said = challenges(f'Bearer error="invalid_token", error_description="{CANARY.upper()} is no good"')
    warn_of_second_rejection(a_rejection(), said, token)
    assert "is no good" in caplog.text
    assert found_in(caplog.text, [CANARY]) == []


A_SCOPE_OF_THE_TOKEN = challenges(f'Bearer error="insufficient_scope", scope="read {CANARY}"')


@requirement("SEC-12")
def test_an_mcp_server_that_wants_the_new_token_as_a_scope_gets_it_into_no_text():
    """Row I6. Threat S24."""
    said = A_SCOPE_OF_THE_TOKEN
    error = rejection_of_new_token("https://mcp.example.com/mcp", said, ("read",), credentials=[CANARY])
    assert "wants the scope" in str(error)
    assert found_in(shown_by(error), [CANARY]) == []


@requirement("SEC-12")
def test_an_mcp_server_that_wants_an_old_token_as_a_scope_gets_it_into_no_text():
    """Another program has renewed the session meanwhile, so the store has another token. Row I6. Threat S25."""
    world = World()
    engine = world.engine(scope="read")
    engine.replace(None)
    with pytest.raises(AuthError) as caught:
        engine.replace(Token(Secret(CANARY), 0.0, scope=("read",)), A_SCOPE_OF_THE_TOKEN)
    assert "wants the scope" in str(caught.value)
    assert found_in(shown_by(caught.value), [CANARY]) == []


@requirement("SEC-12")
def test_an_mcp_server_that_redirects_to_the_token_gets_it_into_no_log(caplog):
    """Row I6. Threat S26."""
    caplog.set_level(logging.DEBUG, "valetkey.requests")
    url, credentials = f"https://mcp.example.com/moved/{CANARY}", [CANARY]
    log_exchange(
        logging.DEBUG, method="POST", url=url, purpose="call", outcome="404", seconds=0.0, credentials=credentials
    )
    assert "https://mcp.example.com/moved/" in caplog.text
    assert found_in(caplog.text + repr(vars(caplog.records[0])), [CANARY]) == []


@requirement("SEC-12")
def test_an_http_error_of_an_mcp_server_shows_no_token_that_it_repeats():
    """Row I6. Threat S11."""
    request = httpx2.Request("POST", "https://mcp.example.com/mcp", headers={"Authorization": f"Bearer {CANARY}"})
    response = httpx2.Response(302, request=request, extensions={"reason_phrase": f"See {CANARY}".encode()})
    response.next_request = httpx2.Request("GET", f"https://evil.example/{CANARY}")
    shown = str(http_error(response))
    assert "https://evil.example/" in shown
    assert found_in(shown, [CANARY]) == []


STORES = [
    f"sqlite://u:{CANARY}@host/file",
    f"sqlite:///~/file?password={CANARY}",
    f"./redis://:{CANARY}@host",
    f"user:{CANARY}@host",
    f"redis://user:{CANARY}@[::1",
    f"host=h password='{CANARY}'",
]


@requirement("SEC-12")
@pytest.mark.parametrize("name", STORES)
@pytest.mark.parametrize("is_in_environment", [True, False])
def test_a_password_in_the_name_of_a_store_is_in_no_text(name, is_in_environment, monkeypatch):
    """Row I15. Threat S12."""
    monkeypatch.setenv("VALETKEY_STORE", name)
    with pytest.raises(ConfigurationError) as caught:
        open_store(None if is_in_environment else name)
    assert found_in(shown_by(caught.value), [CANARY]) == []


PASSWORDS = [
    f"redis://:{CANARY}@host",
    f"postgresql://u:{CANARY}@host/db",
    f"postgresql://u@host/db?sslpassword={CANARY}",
    f"postgresql://host/db?p%61ssword={CANARY}",
]


@requirement("SEC-12")
@pytest.mark.parametrize("name", PASSWORDS)
def test_a_password_of_a_store_is_written_into_no_yaml_and_no_representation(name):
    """Row I15. Threat S13."""
    config = OAuthConfig(token_storage=name)
    assert CANARY not in repr(config)
    with pytest.raises(ConfigurationError) as caught:
        config.to_dict()
    assert "VALETKEY_STORE" in caught.value.hint
    assert CANARY not in str(caught.value)
    assert OAuthConfig(token_storage="redis://host").to_dict() == {"token_storage": "redis://host"}


@requirement("SEC-12")
def test_a_secret_shows_in_no_representation_and_in_no_pickle():
    """Threat S14."""
    secret = Secret(CANARY)
    assert CANARY not in f"{secret} {secret!r} {[secret]} {Token(secret, 0.0)}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)


@requirement("SEC-12")
def test_the_log_of_requests_has_neither_user_nor_query_nor_what_a_server_repeats_in_a_path(caplog):
    """Row I6. Threat S15."""
    caplog.set_level(logging.INFO, "valetkey.requests")
    with redacting("K9-of-the-path-0123456789"):
        url = "https://user:canary-1@as.example/K9-of-the-path-0123456789/token?code=canary-2"
        log_exchange(logging.INFO, method="POST", url=url, purpose="x", outcome="200", seconds=0.1)
    assert "https://as.example/…/token" in caplog.text
    assert "canary" not in repr(vars(caplog.records[0]))


@requirement("SEC-9")
def test_an_error_of_megabytes_takes_no_time():
    """Row I6. Threat S16."""
    text = "\\u0041%42&#67;" * 150_000
    with redacting(CANARY):
        began = time.thread_time()
        quote(text)
        TemporaryError(text, hint=text)
        assert time.thread_time() - began < 1.0


@requirement("SEC-12")
def test_a_document_that_repeats_a_secret_of_the_same_attempt_shows_it_in_no_text():
    """Metadata that is read again after a refusal names an issuer with the refresh token. Row I6. Threat S17."""
    world = World()
    echo = Echo(world.server, [TOKEN], lambda request, _: HttpResponse(404, request.url))
    echo.is_on, world.send = False, echo
    world.engine().replace(None)
    world.clock.time += 86_400
    echo.is_on = True
    token = world.kept().token.refresh_token.reveal()
    document = json.dumps({"issuer": f"https://auth.example.com/{token}"})
    world.server.has(SERVER_METADATA, *[(200, "application/json", document)] * 3)
    error = failure_of(world)
    assert token in echo.sent
    assert found_in(shown_by(error), [token]) == []


@requirement("SEC-12")
def test_a_prompt_shows_neither_the_link_nor_the_code_in_its_representation():
    """Row I6. Threat S18."""
    link, code = f"https://as.example/authorize?state={CANARY}", "WDJB-MJHT-7F2K"
    shown = repr(LoginPrompt("https://mcp.example", "https://as.example", link, user_code=code, link_with_code=link))
    assert "https://mcp.example" in shown
    assert found_in(shown, [CANARY, code]) == []


@requirement("SEC-12")
@pytest.mark.parametrize("is_in_environment", [True, False])
def test_a_proxy_that_repeats_its_password_gets_it_into_no_text(is_in_environment, monkeypatch):
    """Row I6. Threat S19."""
    password = "a-Pw7"  # of a secret that is longer, a part counts too
    with WireServer(lambda peer: peer.send(b"HTTP/1.1 403 Not with " + password.encode() + b"\r\n\r\n")) as proxy:
        url = f"http://user:{password}@127.0.0.1:{proxy.port}"
        if is_in_environment:
            monkeypatch.setenv("HTTPS_PROXY", url)
        network = None if is_in_environment else Network(proxy=url)
        engine = build_engine(Settings(url="https://mcp.example.com/mcp", network=network), store="memory:")
        with pytest.raises(AuthError) as caught:
            engine.login()
    shown = "".join(map(shown_by, (caught.value, caught.value.__cause__)))
    assert "Not with" in shown
    assert found_in(shown, [password]) == []


@requirement("SEC-12")
def test_the_key_of_a_store_is_in_no_pickle():
    """A copy is the key itself. Threat S20."""
    key = DataKey(b"a key that is 32 bytes long, or so"[:32])
    for one in (key, DataKeys(key), EncryptedStore(SqliteStore(Path("/none")), DataKeys(key))):
        with pytest.raises(TypeError):
            pickle.dumps(one)
    assert copy.deepcopy(key) is key


@requirement("SEC-12")
def test_an_error_of_a_store_on_a_server_leads_to_no_password():
    """Row I15. Threat S21."""
    store = PostgresStore(f"postgresql://user:{quote_plus(CANARY)}@127.0.0.1:{free_port()}/base")
    with pytest.raises(StoreError) as caught:
        store.get("session:x")
    behind = caught.value.__context__
    assert "psycopg" in type(behind).__module__
    assert found_in(repr(vars(behind)) + shown_by(caught.value), [CANARY]) == []


@requirement("SEC-12")
def test_the_url_of_a_store_is_a_reference_in_yaml_and_in_the_attributes(monkeypatch):
    """Row I15. Threat S22."""
    monkeypatch.setenv("STORE_OF_THE_TEST", f"redis://:{CANARY}@127.0.0.1")
    shown, store = "", None
    with suppress(ConfigurationError):
        config = OAuthConfig(token_storage=HaystackSecret.from_env_var("STORE_OF_THE_TEST"))
        again = OAuthConfig.from_dict(config.to_dict())
        shown, store = f"{vars(config)} {config.to_dict()} {again!r}", again.store
    assert "STORE_OF_THE_TEST" in shown
    assert store == f"redis://:{CANARY}@127.0.0.1"
    assert found_in(shown, [CANARY]) == []


@requirement("SEC-12")
@pytest.mark.parametrize("kind", ["redis", "postgresql"])
@pytest.mark.parametrize("between", "/@?#")
def test_a_password_of_a_store_that_is_not_percent_encoded_is_in_no_text(kind, between, monkeypatch):
    """What stands before the character is read as a port, or what stands behind it as a host. Row I15. Threat S23."""
    monkeypatch.setenv(
        "VALETKEY_STORE", f"{kind}://user:G7f2kLm9qRstU{between}wXyZ4v8Pq2nB@127.0.0.1:{free_port()}/0?encryption=off"
    )
    with pytest.raises(AuthError) as caught:
        open_store().get("session:x")
    error, shown = caught.value, ""
    while error is not None:
        shown, error = f"{shown} {shown_by(error)}", error.__context__
    assert "store" in shown
    assert found_in(shown, ["G7f2kLm9qRstU", "wXyZ4v8Pq2nB"]) == []
