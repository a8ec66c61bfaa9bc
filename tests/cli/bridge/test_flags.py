# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What the flags of `valetkey bridge` mean."""

import json

import pytest

from valetkey._cli.bridge.command import _plan
from valetkey._cli.bridge.flags import Flags, headers_of, login_of, require_address, settings_of
from valetkey._cli.outcome import CommandFailed

URL = "https://mcp.example.com/mcp"


def test_a_header_takes_its_value_from_the_environment(monkeypatch):
    monkeypatch.setenv("KEY", "a b:c")
    given = Flags(url=URL, header=("X-Key:${KEY}", "X-Two:  ${KEY}-${KEY} "))
    assert headers_of(given) == {"X-Key": "a b:c", "X-Two": "a b:c-a b:c"}


@pytest.mark.parametrize("header", ["no colon", ": x", "a b: c", "Host: x", "X: ", "X: a\nb", "Content-Type: a"])
def test_a_header_that_cannot_be_sent_is_refused(header):
    with pytest.raises(CommandFailed, match="--header"):
        headers_of(Flags(url=URL, header=(header,)))


def test_a_value_of_a_header_is_in_no_error(monkeypatch):
    monkeypatch.setenv("KEY", "very-secret\n")
    with pytest.raises(CommandFailed) as refused:
        headers_of(Flags(url=URL, header=("X: ${KEY}",)))
    assert "very-secret" not in f"{refused.value.message} {refused.value.hint}"


def test_the_callback_of_mcp_remote_is_kept_for_those_who_have_registered_it():
    assert settings_of(Flags(url=URL, port=3334), {}).redirect_uri == "http://localhost:3334/oauth/callback"
    given = Flags(url=URL, port=3334, callback_host="127.0.0.1")
    assert settings_of(given, {}).redirect_uri == "http://127.0.0.1:3334/oauth/callback"
    assert settings_of(Flags(url=URL), {}).redirect_uri is None


def test_a_client_registered_by_hand_is_read_from_text_or_file(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET", "the secret")
    client = {
        "client_id": "mine",
        "client_secret": "${SECRET}",
        "redirect_uris": ["http://localhost:3334/oauth/callback"],
        "token_endpoint_auth_method": "client_secret_post",
    }
    file = tmp_path / "client.json"
    file.write_text(json.dumps(client))
    for given in (json.dumps(client), f"@{file}"):
        settings = settings_of(Flags(url=URL, static_client=given, issuer="https://as.example.com"), {})
        assert settings.client_id == "mine"
        assert settings.client_secret.reveal() == "the secret"
        assert settings.redirect_uri == "http://localhost:3334/oauth/callback"
        assert settings.client_authentication == "client_secret_post"
        assert settings.grant == "authorization_code"


@pytest.mark.parametrize("given", ["[]", "{", '"text"', "{}", '{"client_id": 1}', "@/nowhere/at/all"])
def test_a_client_that_is_none_is_refused(given):
    with pytest.raises(CommandFailed, match="static-oauth-client-info"):
        settings_of(Flags(url=URL, static_client=given), {})


def test_metadata_says_what_a_registration_says():
    metadata = json.dumps({"client_name": "My desk", "scope": "a b", "unknown": 1})
    settings = settings_of(Flags(url=URL, static_metadata=metadata), {})
    assert (settings.client_name, settings.scope) == ("My desk", ("a", "b"))
    assert settings_of(Flags(url=URL, static_metadata=metadata, scope=("c",)), {}).scope == ("c",)


def test_other_flags_are_the_options_of_the_same_name():
    given = Flags(url=URL, resource="https://mcp.example.com/", auth_timeout=20, label="work", client_id="c")
    settings = settings_of(given, {})
    assert (settings.resource, settings.login_timeout, settings.label, settings.client_id) == (
        "https://mcp.example.com/",
        20,
        "work",
        "c",
    )


def test_a_header_for_a_gateway_goes_with_the_requests_for_metadata_too_but_no_credential():
    headers = {"X-Gateway": "key", "Authorization": "Bearer token", "User-Agent": "me"}
    [(origin, fields)] = settings_of(Flags(url=URL), headers).network.headers
    assert origin == "https://mcp.example.com"
    assert [(name, value.reveal()) for name, value in fields] == [("X-Gateway", "key")]


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/mcp", "http://localhost/mcp", "https://mcp.example.com/mcp"])
def test_an_address_on_this_computer_or_with_tls_is_taken(url):
    assert _plan(Flags(url=url, login="never", store="memory:")).url == url


def test_an_address_without_tls_has_to_be_allowed():
    with pytest.raises(CommandFailed) as refused:
        require_address(Flags(url="http://mcp.example.com/mcp?key=secret"))
    assert "--allow-http" in refused.value.hint
    assert "secret" not in refused.value.message
    allowed = Flags(url="http://mcp.example.com/mcp", allow_http=True, login="never", store="memory:")
    assert _plan(allowed).url == allowed.url


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("https://me:hunter2@mcp.example.com/mcp", "without a user name"),
        ("http://me:hunter2@127.0.0.1/mcp", "without a user name"),
        ("https://mcp.example.com/mcp#hunter2", "without the fragment"),
        ("https://mcp.example.com:99999/mcp?key=hunter2", "https URL"),
        ("https://mcp.example.com/a b?key=hunter2", "space"),
        ("mcp.example.com/mcp", "https URL"),
    ],
)
def test_a_url_that_cannot_be_used_is_told_without_what_may_be_secret_in_it(url, hint):
    with pytest.raises(CommandFailed, match="is not the URL of an MCP server") as refused:
        require_address(Flags(url=url, allow_http=True))
    assert hint in refused.value.hint
    assert "hunter2" not in f"{refused.value.message} {refused.value.hint}"


@pytest.mark.parametrize("name", ["Accept", "content-type", "Mcp-Session-Id"])
def test_a_header_that_the_bridge_sets_itself_is_to_be_left_out(name):
    with pytest.raises(CommandFailed, match="sets itself") as refused:
        headers_of(Flags(url=URL, header=(f"{name}: application/json",)))
    assert refused.value.hint == "Leave it out."


@pytest.mark.parametrize(("name", "login"), [("auto", "browser"), ("device", "device"), ("never", "never")])
def test_a_person_is_asked_without_the_terminal(name, login):
    assert login_of(Flags(url=URL, login=name)) == login


def test_no_login_that_reads_what_a_person_types_is_offered():
    with pytest.raises(CommandFailed, match="paste"):
        login_of(Flags(url=URL, login="paste"))


def test_header_fields_in_a_file_stand_in_no_list_of_processes(tmp_path):
    file = tmp_path / "headers.txt"
    file.write_text("# a comment\n\nX-One: 1\nX-Two:2\n")
    assert headers_of(Flags(url=URL, header_file=str(file), header=("X-Two: 3",))) == {"X-One": "1", "X-Two": "3"}
    with pytest.raises(CommandFailed, match="--header-file"):
        headers_of(Flags(url=URL, header_file=str(tmp_path / "nowhere")))


def test_further_flags_of_mcp_remote_are_options_too():
    given = Flags(
        url=URL,
        omits_resource=True,
        authorize_param=("access_type=offline", "prompt=a=b"),
        client_metadata_url="https://client.example.com/client.json",
        uses_id_token=True,
        callback_path="/own",
        port=3334,
    )
    settings = settings_of(given, {})
    assert settings.send_resource is False
    assert dict(settings.authorization_parameters) == {"access_type": "offline", "prompt": "a=b"}
    assert settings.client_metadata_url == "https://client.example.com/client.json"
    assert settings.bearer == "id_token"
    assert settings.redirect_uri == "http://localhost:3334/own"
    with pytest.raises(CommandFailed, match="--authorize-param"):
        settings_of(Flags(url=URL, authorize_param=("nothing",)), {})


def test_a_machine_and_another_device_have_their_grants():
    client = json.dumps({"client_id": "mine", "client_secret": "s"})
    given = Flags(url=URL, is_machine=True, static_client=client, issuer="https://as.example.com")
    assert settings_of(given, {}).grant == "client_credentials"
    assert settings_of(Flags(url=URL, login="device"), {}).grant == "device_code"


@pytest.mark.parametrize("given", ["Bearer eyJhbGciOiJub25lIn0", "s3cret-of-mine"])
def test_a_header_without_a_name_is_not_repeated(given):
    with pytest.raises(CommandFailed, match="--header has no colon") as refused:
        headers_of(Flags(url=URL, header=(given,)))
    assert given.split()[-1] not in str(refused.value) + refused.value.hint
