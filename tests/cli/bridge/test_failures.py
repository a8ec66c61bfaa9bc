# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a client is told can be done with the flags of the bridge."""

import httpx2
import pytest

from valetkey._adapters.failures import http_error
from valetkey._cli.bridge.failures import failure_of
from valetkey._cli.bridge.flags import Flags, settings_of
from valetkey.errors import Unsupported

URL = "https://mcp.example.com/mcp"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_flags_of_a_hint_make_the_address_that_it_says_to_register(host):
    address = f"http://{host}:25192/callback"
    error = Unsupported("No.", hint=f"Register it, then give its client_id and redirect_uri={address!r}. Be quick.")
    hint = failure_of(error, URL).hint
    flags = f"--callback-port 25192 --callback-host {host} --callback-path /callback"
    assert hint == f"Register it, then give --client-id ID {flags}. Be quick."
    given = Flags(url=URL, client_id="ID", port=25192, callback_host=host, callback_path="/callback")
    assert settings_of(given, {}).redirect_uri == address


def test_a_secret_has_the_flag_of_the_bridge():
    error = Unsupported("No.", hint="Register it, then give its client_id, client_secret, issuer='https://a.example'.")
    assert failure_of(error, URL).hint == (
        "Register it, then give --static-oauth-client-info @FILE --issuer https://a.example."
    )


def _answered(status):
    return http_error(httpx2.Response(status, request=httpx2.Request("POST", URL)))


@pytest.mark.parametrize(
    ("status", "is_open", "hint"),
    [
        (404, False, "Check the URL"),
        (406, True, "Try again later"),
        (405, True, "Try again later"),
        (413, True, "Send the server less"),
        (408, False, "Try again later"),
        (425, True, "Try again later"),
        (429, False, "Try again later"),
    ],
)
def test_the_hint_of_a_status_can_be_followed(status, is_open, hint):
    failure = failure_of(_answered(status), URL, is_open=is_open)
    assert failure.hint.startswith(hint)
    assert ("no MCP server at this address" in failure.message) is (status == 404)
