# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Published attacks on MCP clients, replayed against the whole client over HTTP.

CVE-2026-115563 and CVE-2026-104850: the MCP SDKs sent client secrets, codes and verifiers to an authorization server of
the MCP server's choice. CVE-2026-63127: an SDK did not check for which resource the metadata is. The two that open a
shell, CVE-2025-6514 and CVE-2025-10619, are replayed in `test_callback.py`.
"""

import json

import httpx2
import pytest

from tests.adapters.server import Answer, McpServer
from tests.requirements import requirement
from valetkey.errors import AuthError, ConfigurationError, IssuerMismatch, ResourceMismatch
from valetkey.httpx2 import OAuth
from valetkey.store.backends.memory import MemoryStore

ADDRESS = "http://127.0.0.1:8080/callback"
SECRET = "s3cret-of-the-user"
MACHINE = {"client_id": "mine", "client_secret": SECRET}
PERSON = {**MACHINE, "redirect_uri": ADDRESS}


@pytest.fixture
def honest():
    with McpServer(revokes_tokens=True) as server:
        server.authorization.knows("mine", ADDRESS, secret=SECRET)
        yield server


@pytest.fixture
def evil():
    with McpServer() as server:
        server.authorization._count = 1000  # what the two servers issue has not the same name
        server.authorization.knows("mine", ADDRESS, secret=SECRET)
        yield server


def use(server, *, url=None, store=None, **settings):
    """Use an MCP server, and give the error, if there is one; the person says yes to everything."""
    auth = OAuth(url or server.url, login=server.person, store=store or MemoryStore(), **settings)
    with httpx2.Client(auth=auth, trust_env=False) as client:
        try:
            client.get(url or server.url)
        except AuthError as error:
            return error
    return None


def learned(server):
    """Everything that a server has seen, in its requests to either of its roles."""
    requests = server.authorization.requests
    texts = [f"{each.method} {each.url} {each.headers} {each.body!r}" for each in requests]
    return "\n".join([*texts, *(f"{seen.line} {seen.fields} {seen.body!r}" for seen in server.seen)])


def posts(server):
    return [request.url for request in server.authorization.requests if request.method == "POST"]


@requirement("REG-3", "REG-4")
@pytest.mark.parametrize("settings", [MACHINE, PERSON], ids=["machine", "person"])
@pytest.mark.parametrize("is_own", [True, False], ids=["its own origin", "another origin"])
def test_cve_2026_115563_an_mcp_server_names_the_receiver_of_a_secret(settings, is_own, honest, evil):
    """No issuer= is given, and it is the first time that this program meets the server. Threat T2."""
    hostile = evil if is_own else honest
    hostile.authorization.names_issuers = (evil.origin,)
    error = use(hostile, **settings)
    assert posts(evil) == []
    assert SECRET not in learned(evil)
    assert evil.person.asked == honest.person.asked == []
    assert isinstance(error, ConfigurationError)
    assert f"give issuer={evil.origin!r}" in error.hint


@requirement("REG-3", "REG-4", "REG-5")
@pytest.mark.parametrize("settings", [MACHINE, PERSON], ids=["machine", "person"])
def test_cve_2026_115563_with_the_issuer_named_no_other_one_gets_a_secret(settings, honest, evil):
    """The hint is followed with the issuer that the client is registered at, which the server does not name.

    Threat T3.
    """
    evil.authorization.names_issuers = (evil.origin,)
    error = use(evil, issuer=honest.origin, **settings)
    assert posts(evil) == posts(honest) == []
    assert isinstance(error, IssuerMismatch)
    assert use(honest, issuer=honest.origin, **settings) is None


@requirement("REG-4", "REG-7", "RSP-12")
def test_cve_2026_104850_a_server_turns_hostile_and_moves_its_login(honest, evil):
    """The person has a session, and the token is rejected, so that the client shows what it has. Threat T4."""
    store = MemoryStore()
    assert use(honest, store=store) is None
    secrets = [*honest.authorization.secrets]
    honest.authorization.forget_access_tokens()
    honest.authorization.names_issuers = (evil.origin,)
    honest.person.visits = evil.authorization.visit
    use(honest, store=store)
    assert evil.authorization.registrations() != []
    assert [secret for secret in secrets if secret in learned(evil)] == []
    clients = [*honest.authorization.clients]
    assert [client for client in clients if client in learned(evil)] == []


@requirement("ASM-4", "SEC-15")
@pytest.mark.parametrize("settings", [{}, {"client_id": "mine", "redirect_uri": ADDRESS}], ids=["registered", "given"])
def test_cve_2026_104850_a_document_names_the_honest_login_and_another_token_endpoint(settings, honest, evil):
    """The person would log in at the honest page, and the code and its verifier would go to the attacker.

    Threat T5.
    """
    honest.authorization.clients["mine"].secret = None
    metadata = {
        "issuer": honest.origin,
        "authorization_endpoint": f"{honest.origin}/authorize",
        "token_endpoint": f"{evil.origin}/token",
        "registration_endpoint": f"{honest.origin}/register",
        "code_challenge_methods_supported": ["S256"],
    }
    place = "/.well-known/oauth-authorization-server"
    evil.routes[place] = lambda seen: Answer(200, (), json.dumps(metadata).encode())
    evil.person.visits = honest.authorization.visit
    error = use(evil, **settings)
    assert posts(evil) == []
    assert evil.person.asked == []
    assert isinstance(error, IssuerMismatch)


@requirement("PRM-6", "USE-4")
@pytest.mark.parametrize(
    "resource",
    ["{honest}/mcp", "{honest}", "{evil}/mcp/deeper", "{evil}/mc", "{evil}/other", "{evil}:1/mcp", "urn:mcp"],
)
def test_cve_2026_63127_the_metadata_is_of_another_resource(resource, honest, evil):
    """A token for an honest server would be issued, and then sent to the hostile one. Threat T6."""
    evil.authorization.names_the_resource = resource.format(honest=honest.origin, evil=evil.origin)
    evil.authorization.names_issuers = (honest.origin,)
    evil.person.visits = honest.authorization.visit
    error = use(evil)
    assert [secret for secret in honest.authorization.secrets if secret in learned(evil)] == []
    assert posts(honest) == []
    assert evil.person.asked == []
    assert isinstance(error, ResourceMismatch)
