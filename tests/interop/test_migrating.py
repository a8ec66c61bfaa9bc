# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Sessions that mcp-remote itself has obtained go on here: at a server that minds little, and at a strict one."""

import os
import shlex
import subprocess
import sys

import pytest

from tests.interop.client import Exchanges, whoami
from tests.interop.profile import ROOT
from tests.servers import fastmcp, fastmcp_with_oidc_provider
from tests.servers.programs import node
from valetkey.errors import ConfigurationError
from valetkey.httpx2 import OAuth
from valetkey.migrate import from_mcp_remote

_PACKAGES = ROOT / "tests" / "interop" / "clients" / "mcp_remote" / "node_modules"
_BROWSER = ROOT / "tests" / "servers" / "scripted_browser.py"
_SECONDS = 40.0
_NOBODY_KNOWS_IT = {"X-Tenant": "Bücher", "Accept-Language": "de"}


@pytest.fixture(scope="module", params=["own logins", "oidc-provider"])
def mcp_url(request):
    if request.param == "own logins":
        with fastmcp("own") as server:
            yield server.mcp_url
    else:
        with fastmcp_with_oidc_provider() as (server, _):
            yield server.mcp_url


def log_in_with_mcp_remote(package, url, folder, *options):
    """Let mcp-remote log a person in; it ends when it has connected, because nothing comes over its standard input."""
    browser = folder / "browser"
    browser.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, "-I", str(_BROWSER)])} "$1"\n', encoding="utf-8")
    browser.chmod(0o700)
    ended = subprocess.run(
        [node(), str(_PACKAGES / package / "dist" / "client.js"), url, *options],
        env={**os.environ, "HOME": str(folder), "BROWSER": str(browser)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert "Connected successfully" in ended.stderr, ended.stderr


@pytest.mark.parametrize("package", ["mcp-remote", "mcp-remote-0.1"])
@pytest.mark.parametrize("headers", [{}, _NOBODY_KNOWS_IT], ids=["url alone", "headers"])
def test_a_session_of_mcp_remote_serves_here_and_is_renewed_without_a_person(mcp_url, package, headers, tmp_path):
    options = [word for name, value in headers.items() for word in ("--header", f"{name}: {value}")]
    log_in_with_mcp_remote(package, mcp_url, tmp_path, *options)
    store = f"sqlite:///{tmp_path}/credentials.db"

    taken = from_mcp_remote(mcp_url, store, folder=tmp_path / ".mcp-auth", headers=headers)

    assert taken.renewable
    auth = OAuth(mcp_url, store=store, login="never")
    with Exchanges() as exchanges:
        _, answer = whoami(auth, mcp_url)
    assert (answer["client_id"], exchanges.seen) == (taken.client_id, [])
    with Exchanges() as exchanges:
        before = auth.engine.current()
        after = auth.engine.replace(before)
    assert before.access_token != after.access_token
    assert [(did.what, did.outcome) for did in exchanges.seen] == [("refresh", "200")]
    assert whoami(auth, mcp_url)[1] == answer
    with pytest.raises(ConfigurationError, match="already"):
        from_mcp_remote(mcp_url, store, folder=tmp_path / ".mcp-auth", headers=headers)
