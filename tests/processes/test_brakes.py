# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Programs that share one store share one brake, over real HTTP and in processes of their own."""

import pytest

from tests.adapters.server import Answer, McpServer
from tests.processes.child import Child
from tests.requirements import requirement
from valetkey.store.backends.sqlite import SqliteStore

CALLS = """
    import http.client
    import sys
    from urllib.parse import urlsplit

    import httpx2
    from valetkey.errors import AuthError
    from valetkey.httpx2 import OAuth

    class Browser:
        tabs = 0
        redirect_uri = "http://127.0.0.1:43217/callback"

        def open(self, redirect_uri, *, fixed):
            return self

        def ask(self, prompt, *, seconds, cancelled):
            Browser.tabs += 1
            link = urlsplit(prompt.authorization_url)
            connection = http.client.HTTPConnection(link.netloc)
            connection.request("GET", f"{link.path}?{link.query}")
            return connection.getresponse().headers["Location"]

        def conclude(self, error):
            pass

        __enter__ = lambda self: self
        __exit__ = lambda self, *error: None

    auth = OAuth(sys.argv[1], store=f"sqlite:///{sys.argv[2]}", login=Browser())
    sys.stdin.readline()
    last = ""
    with httpx2.Client(auth=auth, trust_env=False) as client:
        for _ in range(10):
            try:
                last = client.get(sys.argv[1]).status_code
            except AuthError as error:
                last = f"{type(error).__name__} {error}"
    print(Browser.tabs, last, flush=True)
"""


@pytest.mark.parametrize("refuses_refreshes", [True, False])
@requirement("STP-5", "WWW-15")
def test_two_programs_open_three_tabs_in_all_at_a_server_that_rejects_every_token(tmp_path, refuses_refreshes):
    """Rows H1, H8, H11."""
    path = tmp_path / "valetkey" / "credentials.db"
    SqliteStore(path).close()
    with McpServer(issues_refresh_tokens=not refuses_refreshes) as server:
        visit = server.authorization.visit
        server.routes["/mcp"] = server.rejects
        server.routes["/authorize"] = lambda seen: Answer(
            302, (("Location", visit(server.origin + seen.line.split()[1])),), b""
        )
        with Child(CALLS, server.url, path) as one, Child(CALLS, server.url, path) as other:
            for child in (one, other):
                child.tell()
            said = [child.hear().split(" ", 1) for child in (one, other)]
        log = server.authorization.log()
    assert 1 <= sum(int(tabs) for tabs, _ in said) <= 3
    assert all(last.startswith("TokenRejected ") and "login makes one at once" in last for _, last in said), said
    assert 1 <= log.count(f"POST {server.origin}/token") <= 3
    assert log.count(f"POST {server.origin}/register") <= 3
