# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A login that one process begins and another one completes, after the first has ended."""

import json

from tests.adapters.server import McpServer
from tests.processes.child import Child
from valetkey._engine.pending import complete_login, find_pending
from valetkey.httpx2 import OAuth

BEGIN = """
    import json, sys
    from valetkey.httpx2 import OAuth
    from valetkey.settings import Settings

    settings = Settings(public_url="http://127.0.0.1:9", principal="alice")
    pending = OAuth(sys.argv[1], store=f"sqlite:///{sys.argv[2]}", login="link", settings=settings).begin()
    print(json.dumps([pending.id, pending.link]))
"""


def test_a_process_that_has_ended_leaves_a_login_that_any_other_completes(tmp_path):
    """A worker dies between the link and the answer. Trap 25."""
    path = tmp_path / "sessions" / "credentials.db"
    store = f"sqlite:///{path}"
    with McpServer() as server:
        begun = []
        for _ in range(2):
            with Child(BEGIN, server.url, path) as child:
                begun.append(json.loads(child.succeed()))
        assert begun[0] == begun[1]
        assert len(server.authorization.registrations()) == 1
        pending = find_pending(store, begun[0][0])
        answer = server.authorization.visit(pending.authorization_url)
        session = complete_login(store, answer, principal="alice")
        fresh = OAuth(server.url, store=store, login="never", principal="alice")
        assert fresh.engine.replace(None) == session.token
