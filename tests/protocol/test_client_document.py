# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Client ID Metadata Documents: what may be a client_id, what we write, and what we say about what is served."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import hostile
from tests.requirements import requirement
from valetkey.client_document import check
from valetkey.errors import ConfigurationError, InsecureEndpoint
from valetkey.protocol.client_document import (
    LARGEST_DOCUMENT,
    Finding,
    build_document,
    check_document,
    document_request,
    document_text,
    require_document_url,
)
from valetkey.settings.settings import Settings
from valetkey.wire import HttpResponse

URL = "https://app.example.com/client.json"
KEYS = {"keys": [{"kty": "EC", "crv": "P-256", "x": "x", "y": "y", "kid": "1"}]}


def served(document, status=200, media_type="application/json", url=URL):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return HttpResponse(status, url, (("Content-Type", media_type),), body)


def changed(**members):
    document = {**build_document(URL, name="My agent"), **members}
    return served({name: value for name, value in document.items() if value is not None})


def faults(response):
    return [finding.text for finding in check_document(response) if finding.is_fault]


def warnings(response):
    return [finding.text for finding in check_document(response) if not finding.is_fault]


@requirement("CIMD-3")
@pytest.mark.parametrize("url", [URL, "https://app.example.com:8443/a/b", "https://app.example.com/a/", "https://a/.b"])
def test_an_https_url_with_a_path_can_be_a_client_id(url):
    assert require_document_url(url) == url
    assert Settings(url="https://mcp.example.com", client_metadata_url=url).client_metadata_url == url


@requirement("CIMD-3")
@pytest.mark.parametrize(
    "url",
    [
        "https://app.example.com",
        "https://app.example.com/",
        "http://app.example.com/client.json",
        "http://127.0.0.1/client.json",
        "https://user:s3cret@app.example.com/client.json",
        "https://app.example.com/client.json#me",
        "https://app.example.com/a/../client.json",
        "https://app.example.com/./client.json",
        "https://app.example.com/%2E%2e/client.json",
        "https://app.example.com/client.json?v=1",
        "client.json",
        "",
    ],
)
def test_any_other_is_a_contradiction_at_construction(url):
    with pytest.raises(ConfigurationError) as caught:
        Settings(url="https://mcp.example.com", client_metadata_url=url)
    assert "s3cret" not in str(caught.value)


@requirement("CIMD-5", "CIMD-6", "CIMD-9", "CIMD-10", "DCR-15")
def test_the_document_of_a_public_client_is_exactly_this():
    document = build_document(URL, name="My agent", further={"client_uri": "https://app.example.com"})
    assert document == {
        "client_id": URL,
        "client_name": "My agent",
        "client_uri": "https://app.example.com",
        "redirect_uris": ["http://127.0.0.1/callback", "http://localhost/callback"],
        "application_type": "native",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    }
    assert len(document_text(document)) < LARGEST_DOCUMENT
    assert json.loads(document_text(document)) == document


@requirement("CIMD-8")
@pytest.mark.parametrize(
    ("keys", "members"),
    [({"public_keys": KEYS}, {"jwks": KEYS}), ({"public_keys_url": f"{URL}/jwks"}, {"jwks_uri": f"{URL}/jwks"})],
    ids=["keys", "where they are"],
)
def test_the_document_of_a_client_that_signs_has_its_public_keys(keys, members):
    document = build_document(URL, name="My agent", **keys)
    assert document["token_endpoint_auth_method"] == "private_key_jwt"
    assert {name: document.get(name) for name in members} == members
    assert check_document(served(document)) == ()


def test_keys_and_where_they_are_contradict_each_other():
    with pytest.raises(ConfigurationError, match="public_keys and a public_keys_url"):
        build_document(URL, name="x", public_keys=KEYS, public_keys_url=f"{URL}/jwks")


def test_keys_are_not_fetched_from_where_no_credential_may_go():
    with pytest.raises(InsecureEndpoint):
        build_document(URL, name="x", public_keys_url="http://app.example.com/jwks")


def test_what_else_is_said_replaces_nothing_that_counts():
    document = build_document(URL, name="My agent", further={"client_id": "https://evil.example.com/x"})
    assert document["client_id"] == URL


@requirement("CIMD-4")
@pytest.mark.parametrize("media_type", ["application/json", "application/json; charset=utf-8", "application/x+json"])
def test_what_we_build_has_no_fault_wherever_it_is_served_as_json(media_type):
    assert check_document(served(build_document(URL, name="My agent"), media_type=media_type)) == ()


@requirement("CIMD-4")
@pytest.mark.parametrize("status", [301, 302, 304, 404, 500])
def test_a_document_has_to_be_there_and_not_somewhere_else(status):
    (fault,) = faults(served(build_document(URL, name="My agent"), status=status))
    assert str(status) in fault


@requirement("CIMD-4")
@pytest.mark.parametrize("media_type", ["text/html", "text/plain", ""])
def test_a_document_that_is_served_as_something_else_is_a_fault(media_type):
    (fault,) = faults(served(build_document(URL, name="My agent"), media_type=media_type))
    assert "application/json" in fault


@requirement("CIMD-4")
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null"])
def test_what_is_no_json_object_is_a_fault(body):
    assert faults(served(body)) == [f"{URL} does not serve a JSON object."]


@requirement("CIMD-5")
@pytest.mark.parametrize("client_id", [URL + "/", URL.upper(), "https://app.example.com/client%2Ejson", 1, [URL]])
def test_the_client_id_has_to_be_the_url_letter_for_letter(client_id):
    (fault,) = faults(changed(client_id=client_id))
    assert "must be alike" in fault


@requirement("CIMD-6")
@pytest.mark.parametrize("member", ["client_id", "client_name", "redirect_uris"])
def test_a_member_that_every_server_wants_is_missed(member):
    assert faults(changed(**{member: None})) == [f"It has no {member}."]


@requirement("CIMD-7")
@pytest.mark.parametrize(
    "members",
    [
        {"client_secret": "s3cret"},
        {"client_secret_expires_at": 0},
        {"token_endpoint_auth_method": "client_secret_post"},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"token_endpoint_auth_method": "client_secret_jwt"},
        {"token_endpoint_auth_method": None},
        {"jwks": {"keys": [{**KEYS["keys"][0], "d": "canary-d"}]}},
        {"jwks": {"keys": [{"kty": "oct", "k": "canary-k"}]}},
    ],
    ids=str,
)
def test_a_secret_in_the_document_or_a_method_that_needs_one_is_a_fault_and_not_shown(members):
    response = changed(**members)
    assert len(faults(response)) == 1
    assert not any(secret in str(check_document(response)) for secret in ("s3cret", "canary"))


@requirement("CIMD-8")
def test_a_client_that_signs_without_keys_is_a_fault():
    (fault,) = faults(changed(token_endpoint_auth_method="private_key_jwt"))
    assert "jwks" in fault


@requirement("CIMD-9", "CIMD-10")
@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"grant_types": ["authorization_code"]}, "refresh_token"),
        ({"grant_types": None}, "refresh_token"),
        ({"redirect_uris": ["http://127.0.0.1:8080/callback"]}, "no free port"),
        ({"logo_uri": "x" * LARGEST_DOCUMENT}, "servers need not read more"),
    ],
    ids=["no refresh", "no grants", "a fixed port", "too large"],
)
def test_what_some_servers_do_less_with_is_a_warning(members, told):
    (warning,) = warnings(changed(**members))
    assert told in warning
    assert faults(changed(**members)) == []


def test_addresses_that_are_no_list_of_texts_are_a_fault():
    assert faults(changed(redirect_uris="http://127.0.0.1/callback")) == ["Its redirect_uris are not a list of texts."]


def test_a_finding_says_how_bad_it_is():
    assert str(Finding("It is gone.")) == "fault: It is gone."
    assert str(Finding("It is large.", is_fault=False)) == "warning: It is large."


@requirement("GEN-7")
@given(st.dictionaries(hostile.texts, hostile.json_values) | hostile.json_values)
def test_whatever_is_served_can_be_looked_at(document):
    assert all(isinstance(finding, Finding) for finding in check_document(served(document)))


@requirement("CIMD-4", "PRM-18")
def test_the_document_is_asked_for_as_an_authorization_server_does():
    asked = []

    def send(request):
        asked.append(request)
        return changed()

    assert check(URL, send=send) == ()
    assert asked == [document_request(URL)]
    assert asked[0].headers == (("Accept", "application/json"),)
