# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The client document of the project: what it covers, and that servers find no fault with it."""

import json

import pytest

from valetkey.protocol import project_document
from valetkey.protocol.client_document import check_document, document_text
from valetkey.protocol.project_document import (
    LOGO_NAME,
    PROJECT_DOCUMENT_URL,
    build_project_document,
    is_project_document,
    project_document_for,
)
from valetkey.values import Client
from valetkey.wire import HttpResponse

SITE = "https://site.example/valetkey/"
DOCUMENT = f"{SITE}client.json"
LOOPBACK = "http://127.0.0.1:50001/callback"


@pytest.fixture
def published(monkeypatch):
    monkeypatch.setattr(project_document, "PROJECT_DOCUMENT_URL", DOCUMENT)


def test_there_is_none_yet_and_then_no_client_is_one():
    assert PROJECT_DOCUMENT_URL == ""
    assert project_document_for(LOOPBACK) is None
    assert not is_project_document(Client("", "https://auth.example.com"))


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(
    "address",
    [LOOPBACK, "http://127.0.0.1/callback", "http://localhost:1/callback", "http://127.0.0.1:65535/callback"],
)
def test_it_covers_a_loopback_address_with_any_port(address):
    assert project_document_for(address) == DOCUMENT


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(
    "address",
    [
        None,
        "https://bot.example.com/mcp-oauth/callback",
        "https://127.0.0.1:50001/callback",
        "http://127.0.0.1:50001/other",
        "http://127.0.0.1:50001/callback/",
        "http://127.0.0.1:50001/callback?tenant=1",
        "http://127.0.0.1:50001/",
        "http://127.0.0.2:50001/callback",
        "http://[::1]:50001/callback",
        "http://LOCALHOST:50001/callback",
        "http://127.0.0.1:50001:50002/callback",
        "http://127.0.0.1:abc/callback",
        "http://127.0.0.1:/callback",
        "my-app://callback",
    ],
    ids=str,
)
def test_it_covers_no_other_address(address):
    assert project_document_for(address) is None


@pytest.mark.usefixtures("published")
def test_a_client_is_the_projects_by_its_id():
    assert is_project_document(Client(DOCUMENT, "https://auth.example.com"))
    assert not is_project_document(Client(f"{SITE}other.json", "https://auth.example.com"))


def test_it_is_a_document_without_fault_that_shows_a_name_a_page_and_a_logo():
    document = build_project_document(DOCUMENT)
    body = document_text(document).encode()
    assert check_document(HttpResponse(200, DOCUMENT, (("Content-Type", "application/json"),), body)) == ()
    assert json.loads(body)["client_name"] == "Valetkey"
    assert (document["client_uri"], document["logo_uri"]) == (SITE, SITE + LOGO_NAME)
