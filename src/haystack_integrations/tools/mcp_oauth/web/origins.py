# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Who may send a form to this app: its own page, opened by the user whom the form is for.

A page of another site can make a browser send a form with the user's cookies. The browser says where a form comes from
(`Origin`, `Sec-Fetch-Site`), and a token in the form is known to our own page alone.
"""

from collections.abc import Mapping
from urllib.parse import parse_qs

from haystack_integrations.tools.mcp_oauth.web.request import WebRequest
from valetkey.login.request import Request, status_of_no_navigation

LONGEST_FORM = 8192
"""Bytes of a form that are read; our own has some 150."""


def comes_from_own_page(request: WebRequest, origin: str) -> bool:
    """Tell whether the browser says that a form was sent by a page of this origin; no word of it is no."""
    fields = request.headers
    if fields.get("sec-fetch-site", "same-origin").lower() != "same-origin":
        return False
    return fields.get("origin", "").lower() == origin


def read_form(body: bytes) -> Mapping[str, str]:
    """Read a form; a name that comes twice counts as if it did not come."""
    fields = parse_qs(body.decode("utf-8", "replace"))
    return {name: values[0] for name, values in fields.items() if len(values) == 1}


def status_of_stray(request: WebRequest) -> int | None:
    """Give the status for a request to a page of a login that no person makes by going there; None if it may be one."""
    return status_of_no_navigation(Request(request.method, request.path, dict(request.headers)))
