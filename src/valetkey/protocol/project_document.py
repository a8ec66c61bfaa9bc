# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The client document of the project itself: a client for every user, at servers that take documents and register nobody.

MCP 2026-07-28 deprecates dynamic registration; Client ID Metadata Documents take its place.
"""

import re
from typing import Any

from valetkey.protocol.client_document import LOOPBACK_ADDRESSES, build_document, require_document_url
from valetkey.values import Client

PROJECT_DOCUMENT_URL = ""
"""
Where the documentation site serves the document, as in "https://site.example/valetkey/client.json".

It is empty as long as the site has no lasting address, and then the document is used nowhere. A release sets it once:
the URL is the `client_id` that sessions and consents are bound to.
"""

DOCUMENT_NAME, LOGO_NAME = "client.json", "logo.png"
"""The two files of the site, side by side."""

_PORT = re.compile(r"(?<=[^/:]):[0-9]+(?=/)")  # an authorization server takes any (RFC 8252 §7.3)


def project_document_for(redirect_uri: str | None) -> str | None:
    """Give the URL of the document, if there is one and it covers the redirect address of a login."""
    if not PROJECT_DOCUMENT_URL or redirect_uri is None:
        return None
    return PROJECT_DOCUMENT_URL if _PORT.sub("", redirect_uri) in LOOPBACK_ADDRESSES else None


def is_project_document(client: Client) -> bool:
    """Tell whether a client is the project's own document."""
    return bool(PROJECT_DOCUMENT_URL) and client.client_id == PROJECT_DOCUMENT_URL


def build_project_document(url: str) -> dict[str, Any]:
    """Build the document that the site serves at a URL; its logo lies beside it."""
    site = require_document_url(url).rpartition("/")[0]
    further = {"client_uri": f"{site}/", "logo_uri": f"{site}/{LOGO_NAME}"}
    return build_document(url, name="Valetkey", further=further)
