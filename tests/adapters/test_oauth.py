# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`valetkey.OAuth`: one class for the clients of both HTTP libraries."""

import json
import subprocess
import sys
from typing import Any

import httpx
import httpx2
import pytest

import valetkey
from tests.adapters.server import McpServer
from tests.adapters.ways import WAYS, Way
from valetkey.store.backends.memory import MemoryStore

CALL = {"json": {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}}


class UnderOneName(Way):
    """A way whose class is the one of the package."""

    @property
    def oauth(self) -> Any:
        return valetkey.OAuth


every_way = pytest.mark.parametrize(
    "way", [UnderOneName(way.library_name, way.mode) for way in WAYS], ids=lambda way: f"{way.library_name} {way.mode}"
)


@pytest.fixture
def server():
    with McpServer() as running:
        yield running


@every_way
def test_the_class_of_the_package_logs_in_for_the_client_of_either_library(way, server):
    auth = way.auth(server)
    responses = way.send(auth, ("POST", server.url, CALL), ("POST", server.url, CALL))
    assert [response.status_code for response in responses] == [200, 200]
    assert [seen.token is not None for seen in server.seen] == [False, True, True]
    assert len(server.person.asked) == 1


@every_way
def test_a_server_without_login_gets_the_requests_that_it_would_get_without_the_class(way):
    with McpServer(wants_login=False) as server:
        way.send(way.auth(server), ("POST", server.url, CALL))
        way.send(None, ("POST", server.url, CALL))
        with_auth, without = server.seen
    assert (with_auth.line, with_auth.fields, with_auth.body) == (without.line, without.fields, without.body)


def test_one_object_serves_clients_of_both_libraries_with_one_login(server):
    auth = valetkey.OAuth(server.url, login=server.person, store=MemoryStore())
    for way in WAYS:
        (response,) = way.send(auth, ("POST", server.url, CALL))
        assert response.status_code == 200
    assert len(server.person.asked) == 1


@every_way
def test_many_calls_at_once_share_one_login(way, server):
    auth = way.auth(server)
    responses = way.send_at_once(auth, [("POST", server.url, CALL)] * 50)
    assert {response.status_code for response in responses} == {200}
    assert len(server.person.asked) == 1


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_the_class_is_an_auth_of_each_library(library):
    assert issubclass(valetkey.OAuth, library.Auth)
    assert isinstance(valetkey.OAuth("https://mcp.example.com/mcp", store="memory:"), library.Auth)


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_a_program_that_combines_auth_objects_by_their_common_flow_gets_the_same_flow(library, server):
    way = UnderOneName(library, "sync")

    class Combined(way.library.Auth):
        def auth_flow(self, request):
            yield from inner.auth_flow(request)

    inner = way.auth(server)
    (response,) = way.send(Combined(), ("POST", server.url, CALL))
    assert response.status_code == 200


ORDERS = {
    "both first": "import httpx, httpx2\nfrom valetkey import OAuth\n",
    "both later": "from valetkey import OAuth\nimport httpx, httpx2\n",
    "one first": "import httpx\nfrom valetkey import OAuth\nimport httpx2\n",
    "with the others": "import valetkey.httpx2, valetkey.httpx\nfrom valetkey import OAuth\nimport httpx, httpx2\n",
}
USE = """
import json
auth = OAuth("https://mcp.example.com/mcp", store="memory:")
httpx.Client(auth=auth), httpx.AsyncClient(auth=auth), httpx2.Client(auth=auth), httpx2.AsyncClient(auth=auth)
print(json.dumps([isinstance(auth, httpx.Auth), isinstance(auth, httpx2.Auth)]))
"""


def printed(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
    return json.loads(done.stdout)


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
def test_the_order_of_the_imports_makes_no_difference(order):
    assert printed(order + USE) == [True, True]


WITHOUT_HTTPX = """
from valetkey import OAuth
auth = OAuth("https://mcp.example.com/mcp", store="memory:")
httpx2.Client(auth=auth)
print("[true]" if isinstance(auth, httpx2.Auth) else "[false]")
"""


@pytest.mark.parametrize("fault", ["sys.modules['httpx'] = None", "sys.path.insert(0, {folder!r})"])
def test_without_httpx_the_class_serves_httpx2(fault, tmp_path):
    """It is optional; one that cannot be imported is no concern of a program that does not use it."""
    (tmp_path / "httpx.py").write_text("raise ImportError('broken')", encoding="utf-8")
    code = f"import sys\n{fault.format(folder=str(tmp_path))}\nimport httpx2\n{WITHOUT_HTTPX}"
    assert printed(code) == [True]
