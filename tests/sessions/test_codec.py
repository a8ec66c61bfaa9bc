# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a record holds and which key it has, across versions of Valetkey and damage."""

import json
import traceback
from dataclasses import fields, replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.requirements import requirement
from valetkey._engine.engine import Engine
from valetkey._sessions.codec import (
    FORMAT,
    client_key,
    decode_client,
    decode_pin,
    decode_session,
    encode_client,
    encode_pin,
    encode_session,
    pin_key,
    session_key,
)
from valetkey.errors import StoreError
from valetkey.login.never import NeverLogin
from valetkey.seams import Seams
from valetkey.settings.settings import Settings
from valetkey.store.backends.memory import MemoryStore
from valetkey.values import (
    Client,
    ClientAuthentication,
    ClientOrigin,
    MetadataSource,
    RefreshIntent,
    Secret,
    ServerMetadata,
    Session,
    Terms,
    Token,
    TokenType,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)  # half surrogate pairs never get this far
secrets = texts.map(Secret)
access_tokens = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=20).map(Secret)
times = st.floats(0, 4e9)
text_lists = st.lists(texts, max_size=4).map(tuple)
clients = st.builds(
    Client,
    client_id=texts,
    issuer=texts,
    secret=st.none() | secrets,
    authentication=st.none() | st.sampled_from(ClientAuthentication),
    redirect_uri=st.none() | texts,
    secret_expires_at=st.none() | times,
    origin=st.sampled_from(ClientOrigin),
)
sessions = st.builds(
    Session,
    token=st.builds(
        Token,
        access_token=access_tokens,
        obtained_at=times,
        expires_at=st.none() | times,
        refresh_token=st.none() | secrets,
        scope=st.none() | text_lists,
        token_type=st.sampled_from(TokenType),
        id_token=st.none() | secrets,
    ),
    client=clients,
    server=st.builds(
        ServerMetadata,
        issuer=texts,
        authorization_endpoint=st.none() | texts,
        token_endpoint=st.none() | texts,
        registration_endpoint=st.none() | texts,
        revocation_endpoint=st.none() | texts,
        device_authorization_endpoint=st.none() | texts,
        scopes_supported=st.none() | text_lists,
        code_challenge_methods_supported=st.none() | text_lists,
        token_endpoint_auth_methods_supported=st.none() | text_lists,
        token_endpoint_auth_signing_alg_values_supported=st.none() | text_lists,
        revocation_endpoint_auth_methods_supported=st.none() | text_lists,
        grant_types_supported=st.none() | text_lists,
        authorization_grant_profiles_supported=st.none() | text_lists,
        dpop_signing_alg_values_supported=st.none() | text_lists,
        protected_resources=st.none() | text_lists,
        iss_parameter_supported=st.booleans(),
        client_id_metadata_document_supported=st.booleans(),
        require_pushed_authorization_requests=st.booleans(),
        source=st.sampled_from(MetadataSource),
    ),
    resource=st.none() | texts,
    requested_scope=st.none() | text_lists,
    refresh_intent=st.none()
    | st.builds(RefreshIntent, started_at=times, fingerprint=texts, holder=texts, deadline=times),
    interactive=st.booleans(),
    dpop_key=st.none() | secrets,
    terms=st.none()
    | st.builds(
        Terms,
        scope=st.none() | text_lists,
        resource=st.none() | texts,
        send_resource=st.none() | st.booleans(),
        bearer=st.none() | texts,
        grant=texts,
    ),
)

SESSION = Session(
    token=Token(Secret("at"), 1_000.0, 4_600.0, Secret("rt"), ("read", "write")),
    client=Client(
        "client-1", "https://as.example", redirect_uri="http://127.0.0.1:8000/callback", origin=ClientOrigin.REGISTERED
    ),
    server=ServerMetadata(
        "https://as.example", "https://as.example/authorize", "https://as.example/token", scopes_supported=("read",)
    ),
    resource="https://mcp.example/mcp",
    requested_scope=("read",),
)
RECORD = {
    "format": 2,
    "kind": "session",
    "token": {
        "access_token": "at",
        "obtained_at": 1000.0,
        "expires_at": 4600.0,
        "refresh_token": "rt",
        "scope": ["read", "write"],
        "token_type": "Bearer",
        "id_token": None,
    },
    "client": {
        "client_id": "client-1",
        "issuer": "https://as.example",
        "secret": None,
        "authentication": None,
        "redirect_uri": "http://127.0.0.1:8000/callback",
        "secret_expires_at": None,
        "origin": "registered",
    },
    "server": {
        "issuer": "https://as.example",
        "authorization_endpoint": "https://as.example/authorize",
        "token_endpoint": "https://as.example/token",
        "registration_endpoint": None,
        "revocation_endpoint": None,
        "device_authorization_endpoint": None,
        "scopes_supported": ["read"],
        "code_challenge_methods_supported": None,
        "token_endpoint_auth_methods_supported": None,
        "token_endpoint_auth_signing_alg_values_supported": None,
        "revocation_endpoint_auth_methods_supported": None,
        "grant_types_supported": None,
        "authorization_grant_profiles_supported": None,
        "dpop_signing_alg_values_supported": None,
        "protected_resources": None,
        "iss_parameter_supported": False,
        "client_id_metadata_document_supported": False,
        "require_pushed_authorization_requests": False,
        "source": "discovered",
    },
    "resource": "https://mcp.example/mcp",
    "requested_scope": ["read"],
    "refresh_intent": None,
    "interactive": True,
    "dpop_key": None,
    "terms": None,
}
"""The session above as format 2 writes it: files out there look like this."""
TERMS = {"scope": ["read"], "resource": None, "send_resource": None, "bearer": None, "grant": "client_credentials"}
OLD_RECORD = {
    "format": 1,
    "kind": "session",
    "token": {
        "access_token": "at",
        "obtained_at": 1000.0,
        "expires_at": 4600.0,
        "refresh_token": "rt",
        "scope": ["read", "write"],
    },
    "client": {
        "client_id": "client-1",
        "issuer": "https://as.example",
        "secret": None,
        "authentication": None,
        "redirect_uri": "http://127.0.0.1:8000/callback",
        "secret_expires_at": None,
        "registered": True,
    },
    "server": {
        "issuer": "https://as.example",
        "authorization_endpoint": "https://as.example/authorize",
        "token_endpoint": "https://as.example/token",
        "registration_endpoint": None,
        "scopes_supported": ["read"],
        "code_challenge_methods_supported": None,
        "token_endpoint_auth_methods_supported": None,
        "grant_types_supported": None,
        "iss_parameter_supported": False,
        "source": "discovered",
    },
    "resource": "https://mcp.example/mcp",
    "requested_scope": ["read"],
    "refresh_intent": None,
    "interactive": True,
}
"""The same session as format 1 wrote it."""

SETTINGS = Settings(url="https://mcp.example/mcp")


@given(session=sessions)
def test_a_session_comes_back_as_it_was(session):
    assert decode_session(encode_session(session)) == session


def test_who_has_ended_a_session_is_in_its_record_and_in_no_other():
    """Row A8."""
    ended = replace(SESSION, ended='The token endpoint refused (400): "invalid_grant".')
    assert json.loads(encode_session(ended)) == {**RECORD, "ended": ended.ended}
    assert decode_session(encode_session(ended)) == ended


@given(client=clients)
def test_a_client_comes_back_as_it_was(client):
    assert decode_client(encode_client(client)) == client


@given(issuer=texts)
def test_a_pinned_issuer_comes_back_as_it_was(issuer):
    assert decode_pin(encode_pin(issuer)) == (issuer, False)


def test_a_pinned_issuer_of_an_older_version_may_have_seen_the_secret():
    assert decode_pin(b'{"format": 1, "kind": "pin", "issuer": "https://as.example"}') == ("https://as.example", True)


def test_format_2_is_written_as_it_has_always_been():
    assert json.loads(encode_session(SESSION)) == RECORD


@pytest.mark.parametrize("record", [RECORD, OLD_RECORD], ids=["format 2", "format 1"])
def test_every_format_is_read_as_it_has_always_been(record):
    assert decode_session(json.dumps(record).encode()) == SESSION


@pytest.mark.parametrize("registered", [True, False])
def test_a_client_of_format_1_keeps_where_it_comes_from(registered):
    record = {"format": 1, "kind": "client", **OLD_RECORD["client"], "registered": registered}
    assert decode_client(json.dumps(record).encode()).registered is registered


def test_a_member_that_a_later_version_of_the_same_format_adds_is_ignored():
    record = {**RECORD, "new": 1, "token": {**RECORD["token"], "new": 2}}
    assert decode_session(json.dumps(record).encode()) == SESSION


INTENT = {"started_at": 5.0, "fingerprint": "0123456789abcdef", "holder": "process 1", "deadline": 15.0}


@pytest.mark.parametrize(
    ("members", "intent"),
    [
        (INTENT, RefreshIntent(5.0, "0123456789abcdef", "process 1", 15.0)),
        ({"started_at": 5.0}, RefreshIntent(5.0)),  # so it was written at first
    ],
)
def test_a_refresh_that_was_started_is_read_as_every_version_has_written_it(members, intent):
    session = decode_session(json.dumps({**RECORD, "refresh_intent": members}).encode())
    assert session == replace(SESSION, refresh_intent=intent)


def test_a_record_of_a_version_that_wrote_no_terms_is_read():
    record = {name: value for name, value in RECORD.items() if name != "terms"}
    assert decode_session(json.dumps(record).encode()) == SESSION


def test_a_refresh_that_was_started_is_written_so():
    intent = RefreshIntent(5.0, "0123456789abcdef", "process 1", 15.0)
    assert json.loads(encode_session(replace(SESSION, refresh_intent=intent)))["refresh_intent"] == INTENT


FULL_CLIENT = replace(
    SESSION.client,
    scope=("read",),
    declined_scope=("write",),
    other_redirect_uris=("http://127.0.0.1/callback",),
    registered_at=7.0,
)


def test_everything_a_session_knows_is_in_its_record():
    """A field that is added to a value and forgotten here would be lost with the process."""
    session = replace(SESSION, client=FULL_CLIENT, ended="It has ended.", renewed=True, login="of-today")
    record = json.loads(encode_session(session))
    for name, value in {"token": session.token, "client": session.client, "server": session.server}.items():
        assert set(record[name]) == {field.name for field in fields(value)}
    assert set(record) == {field.name for field in fields(session)} | {"format", "kind"}


def test_the_login_that_a_session_comes_from_is_read_again_and_is_unknown_in_older_records():
    assert decode_session(encode_session(replace(SESSION, login="of-today"))).login == "of-today"
    assert decode_session(json.dumps(RECORD).encode()).login is None
    assert decode_session(json.dumps(OLD_RECORD).encode()).login is None


def test_what_a_registration_said_comes_back_as_it_was():
    client = decode_client(encode_client(FULL_CLIENT))
    assert (client, client.registered_at) == (FULL_CLIENT, 7.0)
    assert decode_session(encode_session(replace(SESSION, client=FULL_CLIENT))).client == FULL_CLIENT


@pytest.mark.parametrize(
    ("decode", "record"),
    [
        (decode_session, RECORD),
        (decode_client, {"format": 2, "kind": "client", **RECORD["client"]}),
        (decode_pin, {"format": 1, "kind": "pin", "issuer": "https://as.example"}),
    ],
    ids=["session", "client", "pin"],
)
class TestEveryKind:
    def test_it_can_be_read(self, decode, record):
        assert decode(json.dumps(record).encode())

    def test_a_newer_format_is_refused_with_a_hint(self, decode, record):
        with pytest.raises(StoreError, match="written by a newer version") as caught:
            decode(json.dumps({**record, "format": FORMAT + 1}).encode())
        assert "Update Valetkey" in caught.value.hint

    def test_a_missing_member_is_damage(self, decode, record):
        for name in set(record) - {"format", "kind", "terms"}:  # terms came later
            self.is_damaged(decode, {key: value for key, value in record.items() if key != name})

    def test_a_record_of_another_kind_is_damage(self, decode, record):
        self.is_damaged(decode, {**record, "kind": "something"})
        self.is_damaged(decode, {key: value for key, value in record.items() if key != "kind"})

    @pytest.mark.parametrize("number", [None, "1", 1.5, [], {}])
    def test_a_format_that_is_no_number_is_damage(self, decode, record, number):
        self.is_damaged(decode, {**record, "format": number})

    @pytest.mark.parametrize(
        "value",
        [b"", b"{", b"null", b"[]", b'"text"', b"\xff\xfe", b"\x00" * 20, b"[" * 100_000],
        ids=["empty", "cut off", "null", "list", "text", "no utf-8", "zeros", "deep"],
    )
    def test_what_is_no_record_is_damage(self, decode, record, value):
        with pytest.raises(StoreError, match="is damaged") as caught:
            decode(value)
        assert "log in again" in caught.value.hint

    @staticmethod
    def is_damaged(decode, record):
        with pytest.raises(StoreError, match="is damaged"):
            decode(json.dumps(record).encode())


@pytest.mark.parametrize(
    ("member", "value"),
    [
        (("token",), None),
        (("token",), "at"),
        (("token",), []),
        (("token", "access_token"), None),
        (("token", "access_token"), 5),
        (("token", "refresh_token"), {}),
        (("token", "obtained_at"), None),
        (("token", "obtained_at"), "yesterday"),
        (("token", "expires_at"), "tomorrow"),
        (("token", "scope"), 5),
        (("token", "scope"), "read write"),
        (("token", "scope"), [1]),
        (("client",), 5),
        (("client", "client_id"), None),
        (("client", "authentication"), "tls_client_auth"),
        (("client", "issuer"), ["https://as.example"]),
        (("server",), []),
        (("server", "source"), "hearsay"),
        (("server", "token_endpoint"), 5),
        (("server", "grant_types_supported"), {"a": 1}),
        (("resource",), 1),
        (("requested_scope",), "read"),
        (("refresh_intent",), [1]),
        (("refresh_intent",), {"by": "somebody"}),
        (("refresh_intent",), {"started_at": None}),
        (("refresh_intent",), {"started_at": 1.0, "fingerprint": 5}),
        (("refresh_intent",), {"started_at": 1.0, "deadline": None}),
        (("terms",), []),
        (("terms",), {}),
        (("terms",), {**TERMS, "scope": "read"}),
        (("terms",), {**TERMS, "send_resource": "no"}),
        (("terms",), {**TERMS, "grant": None}),
    ],
    ids=lambda value: ".".join(value) if isinstance(value, tuple) else repr(value),
)
def test_a_member_of_a_wrong_type_is_damage(member, value):
    """And not an AttributeError in the middle of a renewal."""
    record = json.loads(json.dumps(RECORD))
    place = record
    for name in member[:-1]:
        place = place[name]
    place[member[-1]] = value
    with pytest.raises(StoreError, match="A session record in the session store is damaged"):
        decode_session(json.dumps(record).encode())


@requirement("SEC-12")
@pytest.mark.parametrize("cut", [0, 1], ids=["wrong", "cut off"])
def test_an_error_about_a_record_does_not_quote_it(cut):
    record = json.dumps({**RECORD, "client": None, "token": {"access_token": "canary-2b"}})
    with pytest.raises(StoreError) as caught:
        decode_session(record[: len(record) - cut].encode())
    shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value.__cause__ or caught.value))
    assert "canary-2b" not in shown


@pytest.mark.parametrize(
    "value", [json.dumps({**RECORD, "format": FORMAT + 1}).encode(), b"\x00damaged"], ids=["newer", "damaged"]
)
def test_a_record_that_cannot_be_read_is_never_written_over(value):
    store = MemoryStore()
    version = store.put(session_key(SETTINGS), value)
    engine = Engine(SETTINGS, store, Seams(send=unreachable, login=NeverLogin()))
    assert engine.current() is None
    with pytest.raises(StoreError):
        engine.replace(None)
    assert store.get(session_key(SETTINGS)) == (value, version)


def unreachable(request):
    message = f"nothing is to be sent, but was: {request}"
    raise AssertionError(message)


@pytest.mark.parametrize(
    "other",
    [
        {"principal": "somebody"},
        {"label": "readonly"},
        {"url": "https://mcp.example/other"},
        {"url": "https://mcp.example/mcp/"},
        {"url": "https://mcp.example:8443/mcp"},
        {"url": "http://localhost/mcp"},
        {"url": "https://mcp.example/mcp?tenant=2"},
        {"client_id": "client-1"},
        {"client_id": "client-1", "client_secret": Secret("s")},
        {"principal": "default", "label": "local"},
        {"principal": 'local", "x'},
    ],
    ids=str,
)
def test_sessions_that_must_not_be_mixed_up_have_different_keys(other):
    assert session_key(replace(SETTINGS, **other)) != session_key(SETTINGS)


@pytest.mark.parametrize(
    "other",
    [
        {"url": "HTTPS://MCP.EXAMPLE/mcp"},
        {"url": "https://mcp.example:443/mcp"},
        {"url": "https://mcp.example/mcp#part"},
        {"scope": ("write",)},
        {"client_name": "Another name"},
        {"login_timeout": 5.0},
        {"strict": True},
    ],
    ids=str,
)
def test_what_does_not_change_the_session_does_not_change_its_key(other):
    assert session_key(replace(SETTINGS, **other)) == session_key(SETTINGS)


@pytest.mark.parametrize(
    "discovered",
    [
        {"issuer": "https://as.example"},
        {"authorization_endpoint": "https://as.example/authorize"},
        {"token_endpoint": "https://as.example/token"},
        {"resource": "https://mcp.example"},
    ],
    ids=str,
)
def test_the_key_of_a_session_does_not_depend_on_what_discovery_finds(discovered):
    """A new process has to find it before it has asked anybody."""
    assert session_key(replace(SETTINGS, **discovered)) == session_key(SETTINGS)


names = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1)
"""Of users and sessions: other texts are refused by the settings."""


@given(one=st.tuples(names, names), other=st.tuples(names, names))
def test_no_part_of_a_key_runs_into_another(one, other):
    assume(one != other)
    keys = {session_key(replace(SETTINGS, principal=principal, label=label)) for principal, label in (one, other)}
    assert len(keys) == 2


def test_a_key_shows_nothing_of_the_person():
    assert "alice" not in session_key(replace(SETTINGS, principal="alice@example.test"))


@requirement("SEC-15")
def test_clients_of_different_issuers_have_different_keys():
    assert client_key("https://as.example", SETTINGS) != client_key("https://evil.example", SETTINGS)
    assert client_key("https://as.example", SETTINGS) != client_key("https://as.example/", SETTINGS)


def test_a_registered_client_is_shared_by_the_servers_of_an_issuer():
    elsewhere = replace(SETTINGS, url="https://other.example/mcp", principal="somebody")
    assert client_key("https://as.example", elsewhere) == client_key("https://as.example", SETTINGS)


@pytest.mark.parametrize(
    "other",
    [{"redirect_uri": "http://127.0.0.1:8080/callback"}, {"client_name": "Other"}, {"grant": "device_code"}],
    ids=str,
)
def test_a_client_that_would_be_registered_differently_has_another_key(other):
    assert client_key("https://as.example", replace(SETTINGS, **other)) != client_key("https://as.example", SETTINGS)


def test_a_pin_belongs_to_a_server_and_a_client():
    one = replace(SETTINGS, client_id="client-1")
    keys = {
        pin_key(one),
        pin_key(replace(one, client_id="client-2")),
        pin_key(replace(one, url="https://other.example/mcp")),
        session_key(one),
        client_key("https://mcp.example/mcp", one),
    }
    assert len(keys) == 5
