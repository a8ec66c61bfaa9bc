# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Every hint of every error leads on: a test follows it literally, and gets on.

A new hint needs a row in one of the four tables below, or `test_every_hint_is_followed` fails and names it:

- `PLAYS`: a call fails with the hint, the hint is followed, the call succeeds. The best kind of row.
- `SETTINGS`: options that are refused when they are made, and the same options as the hint says.
- `ELSEWHERE`: a test in another file that does the same.
- `OUTSIDE`: what to do lies outside the program (a server, the network, a package). Following it removes the cause;
  `test_nothing_is_lost_while_a_cause_lasts` shows that the same call succeeds then.
"""

import re
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes.authorization_server import ISSUER, MCP, RESOURCE_METADATA, SERVER_METADATA, TOKEN
from tests.fakes.dpop import ProofChecks
from tests.fakes.network import challenges, no_answer, unreachable
from tests.fakes.world import World, a_session
from tests.hints.collected import all_hints, hints_in
from valetkey import AuthError, OAuth
from valetkey._sessions.codec import client_key, encode_pin, pin_key
from valetkey.errors import ConfigurationError, LoginFailed
from valetkey.login.link import LinkLogin
from valetkey.login.never import NeverLogin
from valetkey.settings import ClientCertificate, IdentityProvider, Network, RegisteredClient, Settings
from valetkey.values import Secret

TESTS = Path(__file__).parent.parent
ADDRESS = "http://127.0.0.1:8080/callback"
MACHINE = {"client_id": "machine", "client_secret": "s3cret", "issuer": ISSUER}


def as_pattern(hint):
    """A hint with `{}` for what is filled in, as a pattern."""
    return ".*".join(map(re.escape, hint.split("{}")))


def fails(engine, *arguments):
    with pytest.raises(AuthError) as caught:
        engine.replace(*arguments or (None,))
    return caught.value


def simply(switches, settings, follow):
    """A world in which a login fails with some settings, and the settings that the hint names."""

    def play():
        world = World(**switches)
        world.server.knows("machine", secret="s3cret")
        world.server.knows("mine", ADDRESS)
        return fails(world.engine(**settings)), lambda _: world.engine(**follow).replace(None)

    return play


def once(url, what, **switches):
    """Something happens once; the same engine is used again."""

    def play():
        world = World(**switches)
        world.server.has(url, what)
        engine = world.engine()
        return fails(engine), lambda _: engine.replace(None)

    return play


def a_denied_login():
    world = World()
    world.person.denies = True
    error = fails(world.engine())

    def follow(_):
        world.person.denies = False
        return world.engine().login().token

    return error, follow


def a_declined_scope():
    world = World()
    token = world.engine().replace(None)
    more = challenges('Bearer error="insufficient_scope", scope="write"')
    error = fails(world.engine(approve_scope=lambda request: False), token, more)

    def follow(_):
        engine = world.engine(approve_scope=lambda request: True)
        engine.login()
        return engine.replace(token, more)

    return error, follow


def no_id_token():
    world = World()
    issue = world.server._issue

    def with_identity(request, granted, **how):
        answer = issue(request, granted, **how)
        identity = b', "id_token": "identity"}' if "openid" in (granted.scope or "") else b"}"
        return replace(answer, body=answer.body.rstrip(b"}") + identity)

    world.server._issue = with_identity
    error = fails(world.engine(bearer="id_token"))
    return error, lambda _: world.engine(bearer="id_token", scope="openid").replace(None)


def no_registration():
    world = World(registers_clients=False)
    error = fails(world.engine())

    def follow(hint):
        address = re.search(r"redirect_uri='(\S+)'", hint)[1]
        world.server.knows("mine", address)
        return world.engine(client_id="mine", redirect_uri=address).replace(None)

    return error, follow


def no_device_registration():
    world = World(registers_clients=False, offers_device_login=True)
    error = fails(world.engine(grant="device_code"))

    def follow(_):
        world.server.knows("mine")
        return world.engine(grant="device_code", client_id="mine").replace(None)

    return error, follow


def a_program_that_asks_nobody():
    world = World()
    silent = world.engine(seams=world.seams(login=NeverLogin()))
    error = fails(silent)

    def follow(_):
        world.engine().replace(None)
        return silent.replace(None)

    return error, follow


def an_ended_session_of_a_program_that_asks_nobody():
    world = World()
    world.logged_in()
    world.server.forget_refresh_tokens()
    silent = world.engine(seams=world.seams(login=NeverLogin()))
    error = fails(silent)

    def follow(_):
        world.engine().replace(None)
        return silent.replace(None)

    return error, follow


WEB_APP = {"public_url": "https://bot.example.com"}


def a_login_that_waits():
    world = World()
    engine = world.engine(seams=world.seams(login=LinkLogin()), **WEB_APP)
    error = fails(engine)

    def follow(hint):
        assert error.authorization_url in hint
        engine.complete(world.server.visit(engine.begin().authorization_url))
        return engine.replace(None)

    return error, follow


def a_login_whose_answer_is_pasted():
    world = World()
    engine = world.engine(seams=world.seams(login=LinkLogin()))
    error = fails(engine)

    def follow(_):
        engine.complete(world.server.visit(error.authorization_url))
        return engine.replace(None)

    return error, follow


def a_login_that_was_completed():
    world = World()
    engine = world.engine(seams=world.seams(login=LinkLogin()), **WEB_APP)
    answer = world.server.visit(engine.begin().authorization_url)
    engine.complete(answer)
    engine.logout()
    with pytest.raises(LoginFailed) as caught:
        engine.complete(answer)

    def follow(_):
        fails(engine)
        engine.complete(world.server.visit(engine.begin().authorization_url))
        return engine.replace(None)

    return caught.value, follow


def another_first_issuer():
    world = World()
    world.server.knows("mine", ADDRESS)
    mine = {"client_id": "mine", "redirect_uri": ADDRESS}
    world.store.inner.put(pin_key(world.settings(**mine)), encode_pin("https://old.example.com"))
    return fails(world.engine(**mine)), lambda _: world.engine(**mine, issuer=ISSUER).replace(None)


def a_dpop_token_unasked():
    world = World(proofs=ProofChecks(), says_further={"dpop_signing_alg_values_supported": ["ES256"]})
    world.server.has(TOKEN, (200, "application/json", '{"access_token": "a", "token_type": "DPoP"}'))
    return fails(world.engine()), lambda _: world.engine(dpop=True).replace(None)


def a_damaged_key():
    world = World(proofs=ProofChecks(), says_further={"dpop_signing_alg_values_supported": ["ES256"]})
    world.keep(a_session(dpop_key=Secret("damaged"), expires_at=0.0))
    engine = world.engine(dpop=True)

    def follow(_):
        engine.logout()
        return engine.replace(None)

    return fails(engine), follow


def a_damaged_client():
    world = World()
    engine = world.engine()
    world.store.inner.put(client_key(ISSUER, world.settings()), b"damaged")
    return fails(engine), lambda _: world.engine(store=World().store).replace(None)


def a_server_that_may_not_ask():
    world = World()
    visit = world.server.visit

    def refuse_without_asking(url, *, allows=True):
        world.server.declines_with = "login_required" if "prompt=none" in url else None
        return visit(url, allows=allows)

    world.person.visits = refuse_without_asking
    error = fails(world.engine(authorization_parameters={"prompt": "none"}))
    return error, lambda _: world.engine().replace(None)


def a_server_that_demands_bound_tokens():
    announced = {"dpop_signing_alg_values_supported": ["ES256"]}
    demanded = {"dpop_bound_access_tokens_required": True}
    world = World(proofs=ProofChecks(), says_further=announced, resource_says_further=demanded)
    return fails(world.engine(dpop=False)), lambda _: world.engine().replace(None)


NO_METADATA = {"describes_the_resource_at": (), "describes_itself_at": ()}
BY_HAND = {"client_id": "mine", "redirect_uri": ADDRESS}
ENDPOINTS = {"authorization_endpoint": f"{ISSUER}/authorize", "token_endpoint": TOKEN}

PLAYS = {
    "Log in again.": once(TOKEN, (400, "application/json", '{"error": "invalid_grant"}')),
    "Try again {}.": once(TOKEN, 503),
    "Try again later.": once(TOKEN, no_answer()),
    "Log in and allow it.": a_denied_login,
    "Allow it in approve_scope, and call login() to be asked at once.": a_declined_scope,
    'Ask for the scope "openid" too, or set bearer="access_token".': no_id_token,
    "Register a client there by hand with the redirect address {}, then give its client_id{} and redirect_uri={}.{}": (
        no_registration
    ),
    "Register a client for the device grant there by hand, then give its client_id.{}": no_device_registration,
    "Log in once in a program that may ask a person, with the same session store, then try again; or use the "
    'credentials of a machine, or login="link" with public_url in a web app.': a_program_that_asks_nobody,
    "Open {} and log in there, then try again.": a_login_that_waits,
    "Open the authorization_url of this error and log in there; give the address that comes to complete().": (
        a_login_whose_answer_is_pasted
    ),
    "Call the tool or the server again: it gives a new link.": a_login_that_was_completed,
    "{}: {}call {}.login() with the same settings; the session store is {}.": (
        an_ended_session_of_a_program_that_asks_nobody
    ),
    "If the server has moved its login, give issuer= with the new one; else tell its operator.": another_first_issuer,
    "Set dpop=True.": a_dpop_token_unasked,
    "Log out of this server and log in again.": a_damaged_key,
    "If it is a file, move it away and log in again; else {}.": a_damaged_client,
    "Give issuer= or token_endpoint=.": simply(
        NO_METADATA, {**MACHINE, "issuer": None}, {**MACHINE, "issuer": None, "token_endpoint": TOKEN}
    ),
    "Ask its operator, or give issuer=.": simply({"names_issuers": ()}, {}, {"issuer": ISSUER}),
    'Log in with a browser instead: leave out login="device", or the device grant.': simply(
        {}, {"grant": "device_code"}, {}
    ),
    "Ask its operator to publish code_challenge_methods_supported; if you know that it supports S256, say so with "
    "assume_pkce=True.": simply({"announces_pkce": None}, {}, {"assume_pkce": True}),
    "Leave prompt=none out of authorization_parameters=: it forbids the server to ask you.": a_server_that_may_not_ask,
    "If the server has moved its login, change issuer=; else tell its operator.": simply(
        {}, {"issuer": "https://elsewhere.example.com"}, {"issuer": ISSUER}
    ),
    "Ask its operator, or give authorization_endpoint and token_endpoint.": simply(
        {"describes_itself_at": ()}, BY_HAND, {**BY_HAND, **ENDPOINTS}
    ),
    "Leave dpop out.": a_server_that_demands_bound_tokens,
    "{} Or leave dpop=True out.": simply({}, {"dpop": True}, {}),
    "Ask its operator to allow the response type code, or give the authorization_endpoint= that gives codes.": simply(
        {"says_further": {"response_types_supported": ["token"]}},
        {},
        {"authorization_endpoint": f"{ISSUER}/authorize"},
    ),
    "Ask its operator, or give token_endpoint=.": simply(
        {"says_further": {"token_endpoint": None}}, MACHINE, {**MACHINE, "token_endpoint": TOKEN}
    ),
    "Ask the operators of both, or set strict=False if you trust them.": simply(
        {"says_further": {"protected_resources": ["https://other.example.com"]}}, {"strict": True}, {}
    ),
    "Check the URL; if it is right, ask its operator for a token, or give issuer= and client_id=.": simply(
        {"describes_the_resource_at": ()}, {}, {**BY_HAND, "issuer": ISSUER}
    ),
    "If it is {}, which the MCP server names, give issuer={}; else give the right one.": simply(
        {}, {"client_id": "machine", "client_secret": "s3cret"}, MACHINE
    ),
    "Give client_id and client_secret, or clients= with its issuer.": simply(
        {},
        {
            "clients": [RegisteredClient("https://elsewhere.example.com", "machine", Secret("s3cret"))],
            "grant": "client_credentials",
        },
        MACHINE,
    ),
}
"""The hint, and a function that fails with it and gives the error and what follows the hint."""


def play_ids():
    return sorted(PLAYS)


@pytest.mark.parametrize("hint", play_ids())
def test_a_call_that_follows_the_hint_gets_on(hint):
    """Row B5."""
    error, follow = PLAYS[hint]()
    assert re.fullmatch(as_pattern(hint), error.hint), error.hint
    assert follow(error.hint).access_token


KEY_TEXT = "-----BEGIN PRIVATE KEY-----"
CLIENT = RegisteredClient(ISSUER, "mine")
PROVIDER = IdentityProvider("https://idp.example.com", "here", Secret("id"))
OWN = ClientCertificate("own.pem")


def with_fields(origin, fields):
    return {"network": {"headers": {origin: fields}}}


SETTINGS = {
    "Give both, or none.": ({"client_secret": "a"}, {"client_secret": "a", "client_id": "b"}),
    "Give one of the two.": (
        {"client_id": "a", "private_key": Path("k"), "client_assertion": len},
        {"client_id": "a", "private_key": Path("k")},
    ),
    "Give its client_id or its client_metadata_url.": (
        {"private_key": Path("k")},
        {"private_key": Path("k"), "client_id": "a"},
    ),
    "Put the client among clients=, with its issuer.": (
        {"client_id": "mine", "clients": [CLIENT]},
        {"clients": [CLIENT]},
    ),
    "Give one client for each issuer.": ({"clients": [CLIENT, CLIENT]}, {"clients": [CLIENT]}),
    "Give both, or leave client_authentication out.": (
        {"client_id": "a", "client_authentication": "client_secret_post"},
        {"client_id": "a"},
    ),
    "Give the URL of the MCP server: Settings(url=…) or OAuth(url).": ({"url": None}, {"url": MCP}),
    'Give it a method open_device() (see valetkey.login.DeviceLogin), or use login="auto" or "device".': (
        {"grant": "device_code", "login": object()},
        {"grant": "device_code", "login": "device"},
    ),
    "Give private_key or client_assertion.": (
        {"client_id": "a", "client_authentication": "private_key_jwt"},
        {"client_id": "a", "client_authentication": "private_key_jwt", "private_key": Path("k")},
    ),
    "Give its issuer=.": ({"initial_access_token": "a"}, {"initial_access_token": "a", "issuer": ISSUER}),
    "Give them, or let a person log in.": ({"grant": "client_credentials"}, {}),
    "Give the file the platform keeps it in, or a function.": (
        {"grant": "workload_identity"},
        {"grant": "workload_identity", "workload_token": Path("token")},
    ),
    "Give a function that gets an event, and is no `async def`.": (
        {"on_event": "print"},
        {"on_event": print},
    ),
    "Give an IdentityProvider.": (
        {"grant": "enterprise_managed"},
        {"grant": "enterprise_managed", "identity_provider": PROVIDER, "client_id": "a", "client_secret": "b"},
    ),
    "Give its client_secret or private_key, or a client_metadata_url.": (
        {"identity_provider": PROVIDER},
        {"identity_provider": PROVIDER, "client_id": "a", "client_secret": "b"},
    ),
    "Leave one of the two out.": (
        {"send_resource": False, "resource": MCP},
        {"resource": MCP},
    ),
    "Give a positive number of seconds.": ({"login_timeout": 0}, {"login_timeout": 1}),
    'Use "access_token" or "id_token".': ({"bearer": "token"}, {"bearer": "id_token"}),
    "Use one of {}.": ({"grant": "password"}, {"grant": "authorization_code"}),
    "Name the user by a short text, for example his user id.": ({"principal": " "}, {"principal": "user-7"}),
    'Name the session by a short text, such as label="work".': ({"label": "a\nb"}, {"label": "work"}),
    "Give it as UTF-8.": ({"principal": "\ud800"}, {"principal": "a"}),
    "Give it as the server's operator names it, for example its URL.": ({"resource": "mcp"}, {"resource": MCP}),
    "Give it as str or as valetkey.Secret.": (
        {"client_id": "a", "client_secret": b"b"},
        {"client_id": "a", "client_secret": Secret("b")},
    ),
    "Give RegisteredClient objects.": ({"clients": ["mine"]}, {"clients": [CLIENT]}),
    "Wrap it in valetkey.Secret, or give the path of its file.": (
        {"client_id": "a", "private_key": KEY_TEXT},
        {"client_id": "a", "private_key": Secret(KEY_TEXT)},
    ),
    "Give the path of the file that has it, or a function.": (
        {"workload_token": "eyJ.a.b"},
        {"workload_token": Path("token")},
    ),
    "Give the pathlib.Path of a file, or a function that gets the audience.": (
        {"workload_token": 5},
        {"workload_token": len},
    ),
    "Give an http(s) URL.": ({"url": "ftp://mcp.example.com/mcp"}, {"url": MCP}),
    "Begin the URL with https://, or with http:// for a server on this computer.": (
        {"url": MCP.removeprefix("https://")},
        {"url": MCP},
    ),
    "Give a URL of at most {} characters.": ({"url": f"{MCP}?{'a' * 9000}"}, {"url": MCP}),
    "Write it without a user name and a password.": (
        {"issuer": "https://me:secret@as.example.com"},
        {"issuer": "https://as.example.com"},
    ),
    "Write it without the fragment.": (
        {"issuer": "https://as.example.com#login"},
        {"issuer": "https://as.example.com"},
    ),
    "Leave out what no URL has, as a space, or percent-encode it.": (
        {"issuer": "https://as.example.com/a b"},
        {"issuer": "https://as.example.com/a%20b"},
    ),
    "Write the host in its xn-- form, and percent-encode the path.": (
        {"issuer": "https://m\u00fcnchen.example"},
        {"issuer": "https://xn--mnchen-3ya.example"},
    ),
    "Use an https URL, or http on this computer's loopback address.": (
        {"issuer": "http://as.example.com"},
        {"issuer": "https://as.example.com"},
    ),
    "Use http, a loopback host and a port, as in http://127.0.0.1:8080/callback; or, to keep this address, "
    'login="paste", where nothing has to listen.': (
        {"redirect_uri": "https://app.example.com/callback"},
        {"redirect_uri": "https://app.example.com/callback", "login": "paste"},
    ),
    "Give it as https://your.host/path/to/client.json.": (
        {"client_metadata_url": "https://your.host"},
        {"client_metadata_url": "https://your.host/path/to/client.json"},
    ),
    "Leave the url of the settings out.": ({"settings": Settings(url="https://other.example.com")}, {}),
    "Give a Network of valetkey.settings.": ({"network": "none"}, {"network": {"proxy": "none"}}),
    "Write it as http://host:port; user name and password, if any, are percent-encoded.": (
        {"network": {"proxy": "proxy:3128"}},
        {"network": {"proxy": "http://proxy:3128"}},
    ),
    "Give the path of a PEM file.": (
        {"network": {"certificate_authorities": False}},
        {"network": {"certificate_authorities": Path("authorities.pem")}},
    ),
    "Set its verify_mode to CERT_REQUIRED, and its check_hostname to True.": (
        {"network": {"certificate_authorities": ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)}},
        {"network": {"certificate_authorities": ssl.create_default_context()}},
    ),
    "Give the certificate authorities as a path.": (
        {"network": {"certificate_authorities": ssl.create_default_context(), "client_certificates": {ISSUER: OWN}}},
        {"network": {"certificate_authorities": "authorities.pem", "client_certificates": {ISSUER: OWN}}},
    ),
    "Give a ClientCertificate of valetkey.settings.": (
        {"network": {"client_certificates": {ISSUER: "own.pem"}}},
        {"network": {"client_certificates": {ISSUER: OWN}}},
    ),
    "Give a mapping.": ({"network": {"headers": [ISSUER]}}, with_fields(ISSUER, {"X-Key": "a"})),
    "Give an origin: https://host or https://host:port.": (
        with_fields("as.example.com", {"X-Key": "a"}),
        with_fields("https://as.example.com", {"X-Key": "a"}),
    ),
    "Give the origin alone: {}.": (with_fields(f"{ISSUER}/a", {"X-Key": "a"}), with_fields(ISSUER, {"X-Key": "a"})),
    "Give each origin once.": (
        {"network": {"headers": {ISSUER: {}, f"{ISSUER}:443": {}}}},
        {"network": {"headers": {ISSUER: {}}}},
    ),
    "Use letters, digits and hyphens.": (with_fields(ISSUER, {"X Key": "a"}), with_fields(ISSUER, {"X-Key": "a"})),
    "Give each header field once; upper and lower case are the same.": (
        with_fields(ISSUER, {"X-Key": "a", "x-key": "a"}),
        with_fields(ISSUER, {"X-Key": "a"}),
    ),
    "Give visible ASCII characters, in one line and without spaces around.": (
        with_fields(ISSUER, {"X-Key": "a\n"}),
        with_fields(ISSUER, {"X-Key": "a"}),
    ),
    "Leave {} out.": (with_fields(ISSUER, {"Authorization": "a", "X-Key": "a"}), with_fields(ISSUER, {"X-Key": "a"})),
    'Use "auto", "browser", "paste", "device", "link" or "never".': ({"login": "sms"}, {"login": "browser"}),
    'Give login="link" with it, or leave public_url out.': (
        {"public_url": "https://bot.example.com", "login": "browser"},
        {"public_url": "https://bot.example.com", "login": "link"},
    ),
    "Give public_url, the URL of the web app as browsers reach it.": (
        {"redirect_uri": "https://bot.example.com/answer", "login": "link"},
        {"redirect_uri": "https://bot.example.com/answer", "public_url": "https://bot.example.com", "login": "link"},
    ),
    "Give the URL of the web app alone, such as https://bot.example.com.": (
        {"public_url": "https://bot.example.com/?a=b"},
        {"public_url": "https://bot.example.com/"},
    ),
    "Leave redirect_uri out, or give an address of that web app.": (
        {"redirect_uri": "http://127.0.0.1:8080/callback", "public_url": "https://bot.example.com"},
        {"redirect_uri": "https://bot.example.com/answer", "public_url": "https://bot.example.com"},
    ),
    'Use "memory:", "sqlite:////path/to/file", "redis://host" or "postgresql://host/database".': (
        {"store": "file"},
        {"store": "memory:"},
    ),
}
"""The hint, options that are refused with it, and options as it says."""


def make(options):
    options = dict(options)
    beside = {name: options.pop(name) for name in ("store", "login", "settings") if name in options}
    url = options.pop("url", MCP)
    if isinstance(options.get("network"), dict):
        options["network"] = Network(**options["network"])
    settings = beside.pop("settings", None) or Settings(**options)
    return OAuth(url, settings=settings, **{"store": "memory:", **beside})


@pytest.mark.parametrize("hint", SETTINGS)
def test_options_as_the_hint_says_are_taken(hint):
    """Row B5."""
    wrong, right = SETTINGS[hint]
    with pytest.raises(ConfigurationError) as caught:
        make(wrong)
    assert re.fullmatch(as_pattern(hint), caught.value.hint), caught.value.hint
    assert make(right).engine


ELSEWHERE = {
    "Give true or false.": "cli/test_further_options.py::test_each_is_read_by_its_type",
    "Give NAME=VALUE with one of {}.": "cli/test_further_options.py::test_each_is_read_by_its_type",
    "Name a file for the {}, or /dev/stderr.": "cli/test_written_files.py::test_standard_error_may_take_it",
    "Check its name.": "cli/test_bad_input.py::test_moving_from_a_store_that_is_not_there_is_wrong_usage",
    "Write it to another place.": ("cli/test_bad_input.py::test_a_stream_that_is_closed_or_full_leaves_no_traceback"),
    "Give both, or none.": "cli/test_login.py::test_where_to_listen_is_said_whole_or_not_at_all",
    "Give 0.0.0.0, or another IP address of this computer.": (
        "cli/test_login.py::test_in_a_container_it_listens_at_the_address_that_was_typed"
    ),
    "Give the folder of FastMCP's token_storage.": (
        "cli/test_moving.py::test_a_folder_or_a_key_of_fastmcp_that_is_none_is_wrong_usage"
    ),
    "Give http or sse.": ("cli/test_call.py::test_both_transports_are_spoken"),
    "Find out why: valetkey doctor URL": ("cli/test_call.py::test_what_is_no_mcp_server_or_is_down_is_told"),
    "Give a file with one JSON object, or - for standard input.": (
        "cli/test_tool_arguments.py::test_a_file_may_be_standard_input"
    ),
    "Give the file with the key of FastMCP's storage.": (
        "cli/test_moving.py::test_the_session_of_fastmcp_is_taken_over"
    ),
    "See which there are: valetkey tools {}": (
        "cli/test_call.py::test_a_tool_that_is_not_there_is_told_with_the_one_that_is_meant"
    ),
    "Write a text in double quotes, as in '\"text\"'.": (
        "cli/test_tool_arguments.py::test_json_is_taken_as_it_is_and_the_last_word_counts"
    ),
    "Name a file, or a store on a server.": ("cli/test_moving.py::test_a_store_that_ends_with_the_command_is_refused"),
    "Check what you gave it: valetkey tools URL": (
        "cli/test_call.py::test_the_error_of_a_tool_has_an_exit_code_of_its_own"
    ),
    "Write it as {} NAME{}VALUE.": ("cli/test_further_options.py::test_a_pair_that_is_none_is_not_shown"),
    "See: {} --help": "cli/test_usage.py::test_the_hint_names_the_command_whose_help_says_more",
    "Give it once.": "cli/test_further_options.py::test_each_is_read_by_its_type",
    "Give it once; several values are one JSON list, as in {} '{}=[1, 2]'.": (
        "cli/test_tool_arguments.py::test_an_argument_that_is_given_twice_is_wrong_usage_and_its_values_are_one_list"
    ),
    "Give --arg {}=VALUE.": ("cli/test_tool_arguments.py::test_an_argument_that_is_missing_is_named"),
    "Do you mean {}?": ("cli/test_call.py::test_a_tool_that_is_not_there_is_told_with_the_one_that_is_meant"),
    "Look at what it takes: valetkey tools URL --json": (
        "cli/test_tool_arguments.py::test_a_value_of_another_type_is_wrong_usage"
    ),
    "Choose one of: {}.": ("cli/test_accounts.py::test_an_account_that_is_not_there_is_told_with_those_that_are"),
    "Give one of them.": ("cli/test_login.py::test_ways_that_contradict_each_other_are_wrong_usage"),
    "There is one at {}; or log in: valetkey login {}": (
        "cli/test_accounts.py::test_a_session_at_another_path_of_the_server_is_named"
    ),
    "Log in first.": ("engine/test_login_and_logout.py::test_without_a_session_there_is_nothing_to_renew"),
    "Log in: valetkey login {}": ("cli/test_refresh.py::test_a_session_that_is_not_there_is_told"),
    "See your sessions: valetkey status": ("cli/test_logout.py::test_a_session_that_is_not_there_is_told"),
    "Let a program read it, as in $(valetkey token URL), or give --show.": (
        "cli/test_token.py::test_a_terminal_gets_it_only_if_the_person_says_so"
    ),
    "Choose one with --label, and --principal if needed.": (
        "cli/test_accounts.py::test_one_of_several_accounts_is_chosen_by_its_label"
    ),
    "Give env:NAME, file:PATH or ask.": ("cli/test_secrets.py::test_it_comes_from_a_variable_or_a_file"),
    "Use the program that has made it.": (
        "cli/test_accounts.py::test_what_was_made_with_a_key_can_be_read_here_and_renewed_elsewhere"
    ),
    "Choose one with --client-id: {}.": ("cli/test_accounts.py::test_one_of_several_clients_is_chosen_by_its_id"),
    "Use a program that makes the proof: OAuth of valetkey.": (
        "cli/test_token.py::test_a_token_that_is_bound_to_a_key_is_no_header"
    ),
    "Give a URL, or --all.": ("cli/test_logout.py::test_where_to_log_out_has_to_be_said_once"),
    "Check the credential in --header, or leave it out to log in.": (
        "cli/bridge/test_logins.py::test_a_static_credential_in_a_header_needs_no_login"
    ),
    "Name a file in a folder that you may write to.": (
        "events/test_trace.py::test_a_place_that_cannot_be_written_is_said_at_once"
    ),
    "Log in once where a person is, with the same session store (valetkey login URL); or use the credentials of a "
    'machine; or login="link" with public_url in a web app, login="device" where a person reads the output, '
    'login="paste" in a terminal or notebook.': (
        "processes/test_sessions.py::test_the_login_of_one_process_serves_another_that_waits_for_it"
    ),
    "Log in once where a person is, with the same session store (valetkey login URL); or use the credentials of a "
    'machine; or login="link" with public_url in a web app, login="device" where a person reads the output, '
    'login="browser" on a computer with one.': (
        "login/test_paste.py::test_where_nothing_can_be_entered_it_fails_before_it_asks_and_leads_to_another_way"
    ),
    "Install haystack-ai 3.2 or newer; before it, the tool's message has the short link.": (
        "haystack/test_hook.py::test_a_haystack_with_such_hooks_is_taken"
    ),
    "Give one of {}.": "haystack/test_hook.py::test_it_is_written_and_read_back",
    "Give a number of seconds, such as seconds=60.": "haystack/test_hook.py::test_it_is_written_and_read_back",
    "Run the service with hayhooks 2.1 or newer, or use mode='stop'.": (
        "haystack/test_hook.py::test_it_is_written_and_read_back"
    ),
    "Let it return the name of the user of each call.": (
        "haystack/test_principals.py::test_a_function_that_fails_is_told_without_its_words"
    ),
    "Sign in to this application, then open this page again.": (
        "haystack/web/test_journeys.py::test_a_visitor_who_is_not_signed_in_is_told_so_and_may_come_back"
    ),
    "If you did not ask for a login, close this page. Else use the link that was given to you.": (
        "attacks/test_web.py::test_a_short_link_leads_on_for_its_user_alone"
    ),
    "Give both the same.": ("haystack/web/test_installing.py::test_what_the_tools_have_may_be_given_here_too"),
    "Give token_storage= and store= the same value.": (
        "haystack/web/test_installing.py::test_what_the_tools_have_may_be_given_here_too"
    ),
    "Leave principal= out of its OAuthConfig.": (
        "haystack/web/test_installing.py::test_what_the_tools_have_may_be_given_here_too"
    ),
    "Leave it out of servers=.": ("haystack/web/test_installing.py::test_what_the_tools_have_may_be_given_here_too"),
    "Give its OAuthConfig public_url= too if users log in there, or leave it out of servers=.": (
        "haystack/web/test_installing.py::test_a_client_with_a_secret_is_for_users_where_its_settings_name_the_web_app"
    ),
    "See whether you are connected; if not, go back to where you got the link, and ask for a new one.": (
        "haystack/web/test_journeys.py::test_a_link_may_be_opened_again_until_its_login_has_ended"
    ),
    "Go back to where you came from.": (
        "haystack/web/test_journeys.py::test_another_method_uses_up_neither_a_link_nor_an_answer"
    ),
    'Tell the operator of this application to set authorization_parameters={"response_mode": "query"}.': (
        "haystack/web/test_journeys.py::test_another_method_uses_up_neither_a_link_nor_an_answer"
    ),
    "If you want to be connected, go back to where you came from, ask for a new link, and allow the access.": (
        "haystack/web/test_journeys.py::test_a_user_who_declines_may_allow_it_the_next_time"
    ),
    "Sign in to this application, then try again.": (
        "haystack/test_principals.py::test_a_visitor_who_is_not_signed_in_has_neither_a_users_session_nor_the_programs"
    ),
    "Put something before the names of your users, as in user:local.": (
        "haystack/test_principals.py::test_no_user_gets_the_session_of_the_program"
    ),
    "{}, or await warm_up_async() or run_async() instead, which waits for the login.": (
        "haystack/test_toolset.py::test_a_plain_warm_up_in_an_event_loop_waits_for_no_person_and_the_login_goes_on"
    ),
    "Name the user by `with as_user(…)` or OAuthConfig(principal=…).": (
        "haystack/test_deployment.py::test_no_login_begins_when_a_service_of_many_users_is_deployed"
    ),
    "The person may be asked again in {}; login() or valetkey login asks at once.": (
        "engine/test_braking.py::test_a_denial_rests_at_once_and_says_when_the_person_is_asked_again"
    ),
    "{}. {}": "engine/test_braking.py::test_a_login_that_the_user_asks_for_is_made_at_once_always",
    "If your network has a certificate authority of its own, name it in SSL_CERT_FILE or in network=.": (
        "network/test_trust.py::test_an_authority_that_the_user_names_is_trusted"
    ),
    "Name yours for this origin in network=Network(client_certificates=…).": (
        "network/test_trust.py::test_a_server_that_wants_a_certificate_gets_no_request_without_one"
    ),
    "Ask its operator for access; if it wants a key, give it in headers= of the server info.": (
        "haystack/test_unusable_servers.py::test_an_http_error_is_told_with_its_status"
    ),
    "Leave out token=, token_source= and the Authorization header to log in.": (
        "haystack/test_logging_in_ahead.py::test_a_login_ahead_is_the_only_one"
    ),
    "Set the environment variable it comes from.": (
        "haystack/test_machines.py::test_a_secret_may_be_set_after_the_pipeline_was_loaded"
    ),
    "See whether the source's token is for this server, and still good; a source may have invalidate().": (
        "haystack/test_token_source.py::test_a_rejected_token_is_replaced_once"
    ),
    "Leave out one or the other.": (
        "haystack/test_token_source.py::test_a_source_and_the_options_of_a_login_contradict_each_other"
    ),
    "Give an object whose resolve() calls it with the token of current_user().": (
        "haystack/test_oauth_haystack.py::test_its_source_that_exchanges_tokens_is_called_by_an_object_that_knows_those_of_the_users"
    ),
    "Let its resolve() return the access token as a str.": (
        "haystack/test_token_source.py::test_the_source_gives_the_tokens_and_nothing_is_discovered_or_stored"
    ),
    "Write it as the to_dict of the source does, with its type.": (
        "haystack/test_token_source.py::test_a_source_is_written_by_its_own_to_dict_without_nulls_and_read_back"
    ),
    "Give a class with resolve and from_dict.": (
        "haystack/test_token_source.py::test_a_source_is_written_by_its_own_to_dict_without_nulls_and_read_back"
    ),
    "This looks like an attack: tell the MCP server's operator. Only if you know that both belong together, give "
    "issuer={} or {}={}.": "discovery/test_mix_up.py::test_what_the_user_has_named_is_not_doubted_so_the_hint_leads_on",
    'Give login="link", and no credentials of a machine.': (
        "engine/test_by_name.py::test_a_login_is_begun_with_the_link_only"
    ),
    "Complete it in a process that has these settings: with complete() of its OAuth object.": (
        "engine/test_pending.py::test_a_login_with_settings_that_have_no_text_is_completed_where_they_are"
    ),
    "Complete it where it was begun, or with complete_login().": (
        "engine/test_completing.py::test_an_answer_to_a_login_at_another_server_is_refused_and_waits_on"
    ),
    "Go back to where you came from, and try again in a moment.": (
        "engine/test_completing.py::test_two_answers_at_once_lead_to_one_exchange"
    ),
    "Log in through the link that was given to you.": (
        "engine/test_completing.py::test_the_answer_of_another_user_is_refused_and_the_right_one_goes_on"
    ),
    "Call begin() and complete().": "login/test_link.py::test_no_thread_waits_for_it",
    "Add it to scope=.": "engine/test_changed_settings.py::test_a_scope_that_the_hint_says_to_add_is_asked_for",
    "{}: set scope= to what this server offers.": "protocol/test_refusal_hint.py::test_the_hint_about_a_scope_leads_on",
    "It was asked for {}": "protocol/test_refusal_hint.py::test_the_hint_about_a_scope_leads_on",
    "No scope was asked for": "protocol/test_refusal_hint.py::test_a_login_without_a_scope_says_that_none",
    "If you trust {}, give it as issuer= to Valetkey": "discovery/test_server.py::test_the_issuer_that_the_hint_names",
    "{} {}.": "discovery/test_server.py::test_the_issuer_that_the_hint_names",
    "{}; else tell the server's operator.": "discovery/test_server.py::test_the_issuer_that_the_hint_names",
    "{} No issuer= can name such an issuer.": "protocol/test_server.py::test_what_must_not_be_asked_is_no_issuer",
    "Check issuer=, or give authorization_endpoint= and token_endpoint= too.": (
        "discovery/test_server.py::test_a_pinned_issuer_without_any_document_is_told_with_the_way_on"
    ),
    "{} The MCP server also names {}: issuer= chooses one.": (
        "discovery/test_discovery.py::test_the_error_of_a_server_that_is_down_names_the_others_and_how_to_choose_one"
    ),
    "If that is right, give {}={} too; else tell the MCP server's operator.": (
        "discovery/test_server.py::test_a_secret_goes_to_an_endpoint_elsewhere_if_the_user_names_it_as_the_hint_says"
    ),
    "Give the user name and password that it wants in the proxy's URL, percent-encoded.": (
        "network/test_trust.py::test_a_proxy_that_wants_a_password_says_so_and_with_it_leads_to_the_server"
    ),
    "An MCP server may lead there only if it lives at such an address itself: if both are yours, use the MCP server's "
    "URL inside your network, or name the authorization server with issuer=.": (
        "network/test_private_network.py::test_an_authorization_server_that_the_user_has_named_may_live_anywhere"
    ),
    "{} If you trust {}, give it as {}=.": (
        "discovery/test_mix_up.py::test_a_page_that_the_guard_refuses_is_named_with_a_way_on_that_leads_on"
    ),
    "{} Where an access gateway answers, give its header fields in network=.": (
        "network/test_fields.py::test_a_whole_login_passes_a_gateway_in_front_of_the_authorization_server"
    ),
    "Ask its operator to publish the document there, or give {}.": (
        "discovery/test_metadata_requests.py::test_the_issuer_that_the_user_names_is_a_way_on_where_a_redirect"
    ),
    "Let the platform issue it for that issuer; if you trust another one or other audiences, give issuer=.": (
        "grants/test_workload_identity.py::test_with_the_issuer_named_the_audience_is_between_platform_and_server"
    ),
    "Give issuer=, one of {}.": (
        "migrate/test_adoption.py::test_where_several_issuers_are_named_and_none_is_written_down_the_user_says_which"
    ),
    "Log in anew; or give issuer= if you know that both are the same authorization server.": (
        "migrate/test_adoption.py::test_a_token_that_names_another_issuer_itself_is_not_taken"
    ),
    "Log in, or give issuer=.": "migrate/test_adoption.py::test_where_several_issuers_are_named_and_none_is_written",
    "Go on with it, or give overwrite=True.": "migrate/test_adoption.py::test_a_session_of_ours_is_written_over_on",
    "See which of the two stores is in use: go on with it, or give overwrite=True to let the old one win.": (
        "migrate/test_moves.py::test_other_records_in_the_new_store_are_written_over_on_demand"
    ),
    'Use token_storage="sqlite:////path/to/file" or "memory:".': (
        "haystack/test_field_checks.py::test_the_name_of_a_store_is_accepted_without_opening_it"
    ),
    "Give its URL as Secret.from_env_var(…), or in the environment variable VALETKEY_STORE.": (
        "secrecy/test_haystack.py::test_a_configuration_with_a_reference_in_every_field"
    ),
    "{}; or {}.": "store/backends/test_private_files.py::test_the_rights_of_others_are_taken_away_as_the_refusal_says",
    "If you trust what is in it, {}": (
        "store/backends/test_private_files.py::test_the_rights_of_others_are_taken_away_as_the_refusal_says"
    ),
    "Name a file in a new folder there, which is made with mode 0700, as in sqlite:///{}": (
        "store/backends/test_private_files.py::test_a_new_folder_in_a_folder_for_all_is_a_place_as_the_refusal_says"
    ),
    "Leave them out; a file of variables for a container passes them on.": (
        "store/backends/test_file_names.py::test_quotation_marks_around_a_name_are_told_without_showing_it"
    ),
    "Name the primary server: target_session_attrs=read-write in the URL finds it among several hosts.": (
        "store/backends/test_postgres.py::test_a_server_that_may_only_be_read_is_an_error_that_names_the_way"
    ),
    'Set "appendonly yes" and "appendfsync always"; "?persistence=unchecked" in the URL takes it as it is.': (
        "store/backends/test_redis.py::test_a_server_without_persistence_is_accepted_when_that_is_written_out"
    ),
    'Use "redis://user:password@host:6379/0", with options of redis-py, or "persistence=unchecked".': (
        "store/backends/test_redis.py::test_a_server_without_persistence_is_accepted_when_that_is_written_out"
    ),
    "Take {}=off or ?encryption=off away, or {}.": (
        "store/encryption/test_protection.py::test_an_encrypted_store_is_an_error_to_who_switches_encryption_off"
    ),
}
"""The hint, and the file and the beginning of the name of the test that follows it."""


@pytest.mark.parametrize("hint", ELSEWHERE)
def test_the_test_that_follows_a_hint_elsewhere_is_there(hint):
    """Row B5."""
    file, _, name = ELSEWHERE[hint].partition("::")
    assert f"def {name}" in (TESTS / file).read_text("utf-8")


OUTSIDE = (
    # The operator of a server, or of the organisation, has to do something.
    r".*\b(operators?|administrators?|fault of the server|announces DPoP|Its operator has)\b.*",
    r".*(registered \{\} instead|If the page said that it does not know).*",
    r"Check (that this is (the|its) token endpoint|the settings of this client|client_id, client_secret).*",
    r"The server (does not issue|issues no) tokens for this resource; check the URL of the MCP server\.",
    r"Check the (client_id|URL|server's URL|source|environment variable)\b.*",
    r"(Only Bearer and DPoP|Register a key|Register one|Register a client (there )?by hand and give its client_id).*",
    r"This is a fault of Valetkey; please report it\.",
    # Time, the network, a proxy, a clock, another program.
    r"(Wait a while|If it is a server with TLS)\b.*",
    r"(Try again|Start again|End it|End the program|Another client holds|Finish the login|Enter the code)\b.*",
    r".*(network|proxy|HTTPS_PROXY|certificate authority|loopback interface|clock)\b.*",
    r".*, or begin a new login: call login\(\), run valetkey login, or log out and log in again\.",
    r"Log in (when|again|at that server|there)\b.*|.*(Choose your account|do what it says; then log in again).*",
    # Files, packages, keys and servers that hold sessions.
    r"Name a (PEM file|folder of certificate authorities).*, or unset it\.|Check its path, its PEM form.*",
    r".*(pip install|Install (it|them)).*",
    r".*(file's rights|folder's rights|0600|mode 0|Correct the file|the store's name|persistence=|appendonly).*",
    r".*(Redis|PostgreSQL|postgresql://user|primary server|rights on|more memory|what it lacks|password and rights).*",
    r".*(keyring|VALETKEY_STORE_KEY|Bring the key|Remove that entry|Update Valetkey|who can write there).*",
    r"(Another program keeps it locked|See the error behind this one|Find out which program writes there)\b.*",
    r".*(ncrypt|Keep one|Choose one, or leave|Take \{\}=off|32 random bytes|keys\(\)|open_store|Write \{\}).*",
    r".*(whole path of a file|what follows the path|absolute path|token_storage=).*",
    r"Check \{\} and the file's rights\.|Set \{\} or \{\}, or write.*|Keep one of them.*",
    # What signs, and what gives tokens.
    r".*(private_key|client_secret)\.|It can sign with.*|Use a key for.*|Make an RSA key.*|Give an unencrypted PEM.*",
    r"(Let it return|It has to (give|hold)|Correct the token in the settings).*",
    r"Let the platform issue it.*",
    # Programs that migrate, and code that uses Valetkey.
    r"(Log in\.|Log in, or give issuer=\.|Log in anew; .*|Log in instead of migrating.*|Give issuer=, one of \{\}\.)",
    r"(Go on with it|See which of the two|Name another place|End the programs|Nothing is lost at the old).*",
    r"Give the (client_id that it was run with|URL as FastMCP|URL, resource, headers|URL of the MCP server).*",
    r"(Call `await (login|begin|complete)_async|Give it a method open_device|Give an OAuthConfig).*",
    r"Import the server info.*",
    r"Give a Secret of haystack.*",
    r"Give (\{\}|client_id and client_secret, or clients= with its issuer)\.|Give it\b.*",
    r"\{\} \{\}|Log in again; if that fails too, ask",
)
"""What lies outside: patterns, because each kind has many texts."""


def cause_of(kind):
    """Something that keeps a login from succeeding for a while, and its end."""
    world = World()
    url, what = {
        "no answer": (TOKEN, no_answer()),
        "no connection": (RESOURCE_METADATA, unreachable()),
        "a server that is down": (SERVER_METADATA, 503),
        "a page for a token": (TOKEN, (200, "text/html", "<html>")),
        "a document without sense": (SERVER_METADATA, (200, "application/json", '{"issuer": 5}')),
        "another issuer": (SERVER_METADATA, (200, "application/json", '{"issuer": "https://evil.example.com"}')),
        "a refused client": (TOKEN, (401, "application/json", '{"error": "invalid_client"}')),
        "a refused token": (TOKEN, (400, "application/json", '{"error": "invalid_request"}')),
        "a token of another type": (TOKEN, (200, "application/json", '{"access_token": "a", "token_type": "mac"}')),
        "a store in trouble": (None, None),
    }[kind]
    if url is None:
        world.store.fails_reads = 2
    else:
        world.server.has(url, *[what] * 4)
    return world


@pytest.mark.parametrize(
    "kind",
    [
        *("no answer", "no connection", "a server that is down", "a page for a token", "a document without sense"),
        *("another issuer", "a refused client", "a refused token", "a token of another type", "a store in trouble"),
    ],
)
def test_nothing_is_lost_while_a_cause_lasts(kind):
    """The cause lies outside; when it has ended, the same engine gets a token, and so does a new one. Row B5."""
    world = cause_of(kind)
    engine = world.engine()
    assert fails(engine).hint
    world.server.troubles.clear()
    world.store.fails_reads = 0
    world.clock.time += 3600
    assert engine.replace(None).access_token
    assert world.engine().current()


@pytest.mark.parametrize("hint", sorted(all_hints()))
def test_every_hint_is_followed(hint):
    """Row B5."""
    names_option = re.search(r"\b[a-z_]+=", hint)  # what can be set here can be followed here
    outside = names_option is None and any(re.fullmatch(pattern, hint) for pattern in OUTSIDE)
    followed = hint in PLAYS or hint in SETTINGS or hint in ELSEWHERE
    where = ", ".join(all_hints()[hint])
    assert followed or outside, f"{where} has a new hint: add a row for it to tests/hints/test_hints.py"


@pytest.mark.parametrize("hint", [*PLAYS, *SETTINGS, *ELSEWHERE])
def test_no_row_is_about_a_hint_that_is_gone(hint):
    assert hint in all_hints()


@pytest.mark.parametrize("pattern", OUTSIDE)
def test_no_pattern_is_about_hints_that_are_gone(pattern):
    assert any(re.fullmatch(pattern, hint) for hint in all_hints())


@pytest.mark.parametrize("hint", sorted(all_hints()))
def test_no_hint_sends_a_reader_back_to_itself(hint):
    """A hint is a sentence that begins with a capital, and does not only say that something is wrong."""
    assert not re.search(r"(?i)see the (hint|message|log above)|contact support|unknown error", hint)


def test_a_hint_is_found_wherever_it_stands():
    source = """
NAME_HINT = "One one."
_HINTS = {"a": "Two two.", "b": f"Three {x}."}
def hint_for(error):
    if error:
        return "Four."
    known = {"a": "Five."}
    return known.get(error, "Six six.")
def fail():
    kind, hint = Refused, "Seven."
    raise Error("no", hint="Eight." if a else f"Nine {b} nine.")
raise error.with_hint("Ten ten.")
"""
    assert hints_in(source) == {
        *("One one.", "Two two.", "Three {}.", "Four.", "Five.", "Six six.", "Seven."),
        *("Eight.", "Nine {} nine.", "Ten ten."),
    }
