# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The project's own client document is among the files of the site as soon as it has a URL."""

import importlib.util
import struct
from pathlib import Path

import pytest

from valetkey.protocol import project_document
from valetkey.protocol.client_document import check_document
from valetkey.wire import HttpResponse

SITE = Path(__file__).parent.parent.parent / "docs" / "_site"
URL = "https://site.example/valetkey/client.json"


@pytest.fixture
def client_document():
    spec = importlib.util.spec_from_file_location("client_document_of_the_site", SITE / "client_document.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_without_a_url_nothing_is_written(client_document, tmp_path):
    assert client_document.write(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_with_a_url_the_document_is_without_fault_and_its_logo_beside_it(client_document, tmp_path, monkeypatch):
    monkeypatch.setattr(project_document, "PROJECT_DOCUMENT_URL", URL)
    document, logo = client_document.write(tmp_path)
    served = HttpResponse(200, URL, (("Content-Type", "application/json"),), document.read_bytes())
    assert check_document(served) == ()
    assert (document.name, logo.name) == ("client.json", "logo.png")
    image = logo.read_bytes()
    assert image.startswith(b"\x89PNG")
    assert struct.unpack(">II", image[16:24]) == (256, 256)


def test_a_site_that_was_not_built_gets_none(client_document, tmp_path, monkeypatch):
    monkeypatch.setattr(project_document, "PROJECT_DOCUMENT_URL", URL)

    class Site:
        outdir = str(tmp_path)

        def connect(self, event, listener):
            assert event == "build-finished"
            listener(self, ValueError("a page is broken"))

    client_document.connect(Site())
    assert list(tmp_path.iterdir()) == []
