# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Client ID Metadata Documents: a client that introduces itself with a document at an https URL of its own.

draft-ietf-oauth-client-id-metadata-document-01 (“draft” below); MCP, Client ID Metadata Documents.
"""

from urllib.parse import urlsplit

from valetkey import urls
from valetkey.errors import ConfigurationError, InsecureEndpoint, quote

_DOT_SEGMENTS = frozenset({".", "..", "%2e", "%2e%2e", ".%2e", "%2e."})


def require_document_url(url: str) -> str:
    """
    Refuse a URL that cannot be a client_id (draft §3).

    :param url: The URL.
    :returns: The same string.
    :raises ConfigurationError: If it is not https, has no path, or has dot segments, user information or a fragment.
    """
    try:
        urls.require_endpoint(url, "client_metadata_url")
    except InsecureEndpoint as error:
        raise ConfigurationError(error.message, hint=error.hint) from error
    parts = urlsplit(url)
    fault = None
    if parts.scheme.lower() != "https":
        fault = "is not https"
    elif parts.path in ("", "/"):
        fault = "has no path"
    elif _DOT_SEGMENTS & {segment.lower() for segment in parts.path.split("/")}:
        fault = "has a dot segment in its path"
    elif parts.query:
        fault = "has a query"
    if fault is not None:
        message = f"The client_metadata_url {quote(url)} {fault}."
        raise ConfigurationError(message, hint="Give it as https://your.host/path/to/client.json.")
    return url
