# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What mcp-remote keeps, read as it writes it."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.authorization_server import ISSUER, MCP
from tests.fakes.seams import BEGINNING
from tests.migrate.files import CLIENT, OLD_CLIENT, OLD_TOKENS, TOKENS, write
from valetkey._discovery.target import AuthorizationTarget
from valetkey.errors import AuthError, ConfigurationError, LoginRequired, MalformedDocument
from valetkey.migrate.foreign import LONG_AGO, as_json, read_time, read_token
from valetkey.migrate.mcp_remote import Invocation, read_mcp_remote
from valetkey.values import (
    Client,
    ClientAuthentication,
    ClientOrigin,
    ResourceMetadata,
    Secret,
    ServerMetadata,
    Token,
)

URL = "http://127.0.0.1:29123/mcp"
HERE = Invocation(MCP)
SERVER = ServerMetadata(ISSUER)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
A_MEMBER = st.sampled_from(["access_token", "token_type", "expires_in", "refresh_token", "scope", "issuer", "error"])


@pytest.mark.parametrize(
    ("invocation", "digest"),
    [
        (Invocation(URL), "0bfaf6a502063ea25b84a8c08eeb22e6"),
        (
            Invocation(
                URL,
                " https://tenant.example.com/mcp",
                {"prompt": "consent", "access_type": "offline"},
                {"X-Tenant": "eins", "Accept-Language": "zwei"},
            ),
            "2b4595b469a79d44ac4eb3c00d543508",
        ),
        (
            Invocation(URL, client_metadata_url="https://app.example.com/client.json"),
            "87eeb562b18877f7611cb561cce229f4",
        ),
        (
            Invocation(URL, "https://tenant.example.com/mcp", headers={"X-Tenant": "ä"}),
            "9cf3099ea54d75a2021c34563c5904f6",
        ),
    ],
    ids=["url alone", "every option", "client document", "0.1.38"],
)
def test_the_files_are_named_as_mcp_remote_has_named_them(invocation, digest):
    """The digests are those that mcp-remote 0.15.1, and once 0.1.38, made when it was run like this."""
    assert invocation.digest == digest


def test_what_version_0_15_writes_is_read_to_the_last_member(tmp_path):
    found = read_mcp_remote(HERE, write(tmp_path))
    assert found.token == Token(
        access_token=Secret("access-of-mcp-remote"),
        obtained_at=1_799_999_400.0,
        expires_at=1_800_003_000.0,
        refresh_token=Secret("refresh-of-mcp-remote"),
        scope=("mcp",),
    )
    assert (found.issuer, found.requested_scope) == (ISSUER, ("mcp", "openid"))
    assert found.client_at(SERVER) == Client(
        client_id="d7b033f0-a9b2-4865-96fa-52270befee0d",
        issuer=ISSUER,
        secret=Secret("secret-of-mcp-remote"),
        authentication=ClientAuthentication.POST,
        redirect_uri="http://localhost:8282/oauth/callback",
        origin=ClientOrigin.REGISTERED,
        scope=("mcp",),
    )


def test_what_version_0_1_writes_has_neither_issuer_nor_expiry_so_the_age_of_the_file_counts(tmp_path):
    found = read_mcp_remote(HERE, write(tmp_path, OLD_TOKENS, OLD_CLIENT, version="0.1.37", at=BEGINNING))
    assert (found.token.obtained_at, found.token.expires_at) == (BEGINNING, BEGINNING + 3600)
    assert (found.issuer, found.requested_scope) == (None, None)
    client = found.client_at(SERVER)
    assert (client.secret, client.authentication) == (None, ClientAuthentication.NONE)


def test_of_several_versions_the_session_that_was_written_last_counts(tmp_path):
    write(tmp_path, TOKENS, CLIENT, at=BEGINNING)
    write(tmp_path, OLD_TOKENS, OLD_CLIENT, version="0.1.37", at=BEGINNING + 1)
    write(tmp_path, OLD_TOKENS, OLD_CLIENT, version="0.1.29", at=BEGINNING - 1)
    assert read_mcp_remote(HERE, tmp_path).token.access_token == Secret("access-of-old-mcp-remote")


def test_the_folder_is_where_mcp_remote_would_look_for_it(tmp_path, monkeypatch):
    monkeypatch.setenv("MCP_REMOTE_CONFIG_DIR", str(write(tmp_path / "named")))
    assert read_mcp_remote(HERE).place.startswith(str(tmp_path / "named"))
    monkeypatch.delenv("MCP_REMOTE_CONFIG_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path / ".mcp-auth")
    assert read_mcp_remote(HERE).place.startswith(str(tmp_path / ".mcp-auth"))


@pytest.mark.parametrize("other", [Invocation(MCP + "/"), Invocation(MCP, "https://tenant.example.com/mcp")])
def test_a_session_of_another_invocation_is_none(tmp_path, other):
    with pytest.raises(LoginRequired, match="keeps no session") as caught:
        read_mcp_remote(other, write(tmp_path))
    assert str(tmp_path) in str(caught.value)


def test_without_mcp_remote_there_is_no_session(tmp_path):
    with pytest.raises(LoginRequired):
        read_mcp_remote(HERE, tmp_path / "nothing here")


def test_a_registration_that_was_only_begun_is_no_session(tmp_path):
    with pytest.raises(LoginRequired):
        read_mcp_remote(HERE, write(tmp_path, tokens=None))


@pytest.mark.parametrize(
    "tokens",
    [
        "",
        TOKENS[:150],
        '["access-of-mcp-remote"]',
        "{}",
        '{"access_token": 7}',
        '{"access_token": "access-of-mcp-remote\\nX-Injected: yes"}',
        '{"access_token": "access-of-mcp-remote", "token_type": "mac"}',
        '{"error": "invalid_grant", "access_token": "access-of-mcp-remote"}',
        '{"access_token": "access-of-mcp-remote", "issuer": 7}',
        '{"access_token": "access-of-mcp-remote", "issuer": "https://evil.example.com"}',
        "[" * 100_000,
    ],
)
def test_damaged_tokens_are_an_error_that_does_not_repeat_them(tmp_path, tokens):
    with pytest.raises(AuthError) as caught:
        read_mcp_remote(HERE, write(tmp_path, tokens))
    assert isinstance(caught.value, MalformedDocument)
    told = [str(error) for error in (caught.value, caught.value.__cause__, caught.value.__context__) if error]
    assert "access-of-mcp-remote" not in " ".join(told)


@pytest.mark.parametrize(
    "client",
    [
        "nothing",
        '{"redirect_uris": []}',
        '{"client_id": "c", "redirect_uris": "http://localhost"}',
        '{"client_id": "c", "token_endpoint_auth_method": "private_key_jwt"}',
        '{"client_id": "c", "token_endpoint_auth_method": "client_secret_basic"}',
    ],
)
def test_a_damaged_registration_is_an_error(tmp_path, client):
    with pytest.raises(MalformedDocument, match="not what mcp-remote writes"):
        read_mcp_remote(HERE, write(tmp_path, client=client)).client_at(SERVER)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path):
    folder = write(tmp_path, tokens=None)
    (folder / "mcp-remote-v1" / f"{HERE.digest}_tokens.json").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_mcp_remote(HERE, folder)


@given(st.dictionaries(A_MEMBER, ANY_JSON), ANY_JSON)
def test_whatever_is_kept_is_a_token_or_an_error(members, expires_at):
    try:
        token = read_token(members, "it", "there", expires_at=read_time(expires_at), written_at=BEGINNING)
    except MalformedDocument:
        return
    assert token.access_token.reveal().isascii()
    assert token.expires_at is None or math.isfinite(token.expires_at)


@given(st.text())
def test_whatever_a_file_holds_is_an_object_or_an_error(text):
    try:
        assert as_json(text, "it", "there") == json.loads(text)
    except MalformedDocument as error:
        assert error.__cause__ is None


@pytest.mark.parametrize("expires_at", [10**400, -5, 1e300, "1800003000000", True, None, [], 0])
def test_a_time_that_is_none_is_not_counted_from(tmp_path, expires_at):
    found = read_mcp_remote(HERE, write(tmp_path, {**json.loads(TOKENS), "expires_at": expires_at}, at=BEGINNING))
    assert found.token.expires_at == BEGINNING + 3600


def test_a_token_of_which_nobody_knows_the_age_is_used_until_it_is_rejected():
    token = read_token({"access_token": "a", "expires_in": 60}, "it", "there", expires_at=None, written_at=None)
    assert (token.obtained_at, token.expires_at) == (LONG_AGO, None)


@pytest.mark.parametrize(
    ("given_resource", "published", "sent"),
    [
        (None, "https://mcp.example.com/mcp", "https://mcp.example.com/mcp"),
        (None, "https://mcp.example.com", "https://mcp.example.com/"),
        ("https://tenant.example.com", "https://mcp.example.com/mcp", "https://tenant.example.com/"),
        (" ", "https://mcp.example.com?a=b", "https://mcp.example.com/?a=b"),
        (None, None, None),
    ],
)
def test_the_resource_is_spelled_as_mcp_remote_has_sent_it(tmp_path, given_resource, published, sent):
    invocation = Invocation(MCP, given_resource)
    metadata = ResourceMetadata(published, (ISSUER,)) if published is not None else None
    found = AuthorizationTarget(published or MCP, None, SERVER, metadata=metadata)
    assert read_mcp_remote(invocation, write(tmp_path, invocation=invocation)).resource_of(found) == sent
