# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Whole lives of sessions with a canary in every secret: where each of them shows, and that it is nowhere else."""

import base64
import json
import time
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from tests.adapters.server import Answer
from tests.fakes.assertions import Voucher
from tests.fakes.authorization_server import JWT_BEARER
from tests.fakes.dpop import ProofChecks
from tests.fakes.identity_provider import CLIENT_THERE, IDP_TOKEN, IdentityProviderServer
from tests.fakes.keys import pem_of, private_key
from tests.migrate.files import Records, write
from tests.requirements import requirement
from tests.secrecy import watch as places
from tests.secrecy.scene import IN_ARGUMENTS, IN_LINK
from tests.secrecy.server import repeats
from valetkey.errors import AuthError
from valetkey.login.paste import PasteLogin
from valetkey.migrate import from_fastmcp, from_mcp_remote
from valetkey.migrate.mcp_remote import Invocation
from valetkey.settings import IdentityProvider
from valetkey.store import open_store
from valetkey.store.backends.memory import MemoryStore
from valetkey.values import Secret


@pytest.fixture(autouse=True)
def _is_traced(scene):
    yield
    assert {"AttemptStarted", "RequestSent"} <= {type(event).__name__ for event in scene.heard}


def in_plain_store(*names):
    files = (places.RECORDS, places.STORE_FILE, places.JOURNAL)
    return {(place, name) for name in names for place in files}


@pytest.mark.parametrize("is_encrypted", [True, False], ids=["encrypted", "plain"])
def test_a_login_in_a_browser_with_all_that_follows(scene, capfd, is_encrypted):
    """
    Registration, login, calls, renewals, more scope, a refusal, a logout with revocation, in one file.

    Rows I6, I14, I15.
    """
    key = base64.b64encode(private_key("Ed25519").private_bytes_raw()).decode()
    scene.canaries.note("store key", key)
    if is_encrypted:
        scene.environment.setenv("VALETKEY_STORE_KEY", key)
        scene.environment.delenv("VALETKEY_STORE_ENCRYPTION", raising=False)
    else:
        scene.environment.setenv("VALETKEY_STORE_ENCRYPTION", "off")
    server, record = scene.serve(), scene.opens_a_browser()
    store = open_store(f"sqlite:///{scene.folder}/data/of-this-test.db")
    auth = scene.auth(server, login="auto", store=store)
    assert scene.call(auth, server) == 200
    started = scene.read_page(record)
    scene.watch.see(places.ENVIRONMENTS, started["environ"])
    scene.watch.see(places.ARGUMENTS, started["cmdline"])
    server.authorization.forget_access_tokens()
    assert scene.call(auth, server) == 200
    record = scene.opens_a_browser()
    server.wanted_scope = "more"
    assert scene.call(auth, server) == 200
    scene.read_page(record)
    another = scene.auth(server, login="never", store=store)
    server.authorization.forget_access_tokens()
    server.faults["/token"] = repeats(400)
    assert scene.fails(another, server)
    assert scene.fails(another, server)
    server.faults.clear()
    scene.watch.look_around()
    secrets = ("access token", "refresh token", "ID token", "code", "state", "verifier", "registered secret")
    assert len(scene.canaries.of(*secrets)) > 12
    assert len(scene.canaries.of("registration access token")) == 1
    result = auth.logout()
    scene.watch.roots += [result, store]
    assert scene.canaries.names_in((scene.folder / "data" / "of-this-test.db").read_bytes().decode("latin-1")) == (
        set() if is_encrypted else {"registered secret"}
    )
    kept = () if is_encrypted else in_plain_store("access token", "refresh token", "ID token", "registered secret")
    assert scene.shown(capfd) == {*IN_LINK, *IN_ARGUMENTS, (places.TERMINAL, "state"), *kept}
    assert "VALETKEY_STORE_KEY" not in started["environ"]


REFUSALS = {
    "JSON, 400": repeats(400),
    "JSON, 200": repeats(200),
    "a page, 500": repeats(500, "text/html"),
    "a redirect": repeats(302),
    "a challenge": repeats(401),
}


@requirement("SEC-12")
@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_renewal_that_a_server_refuses_in_the_words_it_was_sent(scene, capfd, refusal):
    """Row I6."""
    server = scene.serve()
    auth = scene.auth(server)
    assert scene.call(auth, server) == 200
    server.authorization.forget_access_tokens()
    server.faults["/token"] = REFUSALS[refusal]
    server.person.denies = True
    assert isinstance(scene.fails(auth, server), AuthError)
    assert len(scene.canaries.of("access token", "refresh token", "registered secret")) == 3
    assert scene.shown(capfd) == IN_LINK


def test_a_login_on_another_device(scene, capfd):
    """Row I6."""
    server = scene.serve(offers_device_login=True, answers_polls_with=["authorization_pending"])
    auth = scene.auth(server, pause=lambda seconds: None, grant="device_code")
    assert scene.call(auth, server) == 200
    server.authorization.forget_access_tokens()
    server.authorization.forget_refresh_tokens()
    server.faults["/token"] = repeats(400)
    assert scene.fails(auth, server)
    assert len(scene.canaries.of("device code")) == 2
    assert scene.shown(capfd) == set()


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "private_key_jwt"])
def test_a_machine_that_proves_itself(scene, capfd, method):
    """Row I6."""
    server = scene.serve()
    key = private_key("P-256")
    pem = scene.canaries.note("private key", pem_of(key))
    secret = scene.canaries.make("client secret") + "+/=&% "
    scene.canaries.note("client secret", secret.rstrip())
    proof = {"client_secret": secret.rstrip(), "client_authentication": method}
    if method == "private_key_jwt":
        proof = {"private_key": Secret(pem)}
    server.authorization.knows("machine", secret=secret.rstrip(), key=key.public_key())
    auth = scene.auth(server, client_id="machine", issuer=server.origin, **proof)
    assert scene.call(auth, server) == 200
    server.authorization.forget_access_tokens()
    server.faults["/token"] = repeats(401)
    assert scene.fails(auth, server)
    if method == "private_key_jwt":
        assert scene.canaries.of("client assertion")
    assert scene.shown(capfd) == set()


def test_a_workload_with_a_token_of_its_platform(scene, capfd):
    """Row I6."""
    platform = Voucher("https://platform.example.net")
    server = scene.serve(believes=(platform,), says_further={"grant_types_supported": [JWT_BEARER]})

    def token(audience):
        now = int(time.time())
        return scene.canaries.note("subject token", platform.says(aud=audience, iat=now, exp=now + 600))

    auth = scene.auth(server, workload_token=token, issuer=server.origin)
    assert scene.call(auth, server) == 200
    server.authorization.forget_access_tokens()
    server.faults["/token"] = repeats(400)
    assert scene.fails(auth, server)
    assert len(scene.canaries.of("subject token")) >= 2
    assert scene.shown(capfd) == set()


def test_an_employee_for_whom_an_identity_provider_vouches(scene, capfd):
    """Row I6."""
    server = scene.serve()
    issuer, secret_there = f"{server.origin}/idp", scene.canaries.make("client secret")
    idp = IdentityProviderServer(issuer=issuer, now=time.time, secret=secret_there)
    server.authorization.believes = (idp.voucher,)

    def exchange(request):
        response = idp(request)
        scene.canaries.note("ID-JAG", json.loads(response.body).get("access_token", ""))
        return Answer(response.status, response.headers, response.body)

    server.faults["/idp/token"] = lambda request: exchange(at_the_provider(request))
    secret = scene.canaries.make("client secret")
    server.authorization.knows("client-at-the-as", secret=secret)
    provider = IdentityProvider(
        issuer=issuer,
        client_id=CLIENT_THERE,
        id_token=lambda _: scene.canaries.note("ID token", idp.id_token()),
        token_endpoint=f"{server.origin}/idp/token",
        client_secret=secret_there,
    )
    auth = scene.auth(
        server, identity_provider=provider, client_id="client-at-the-as", client_secret=secret, issuer=server.origin
    )
    assert scene.call(auth, server) == 200
    for path in ("/token", "/idp/token"):
        server.authorization.forget_access_tokens()
        server.faults[path] = repeats(400)
        assert scene.fails(auth, server)
    assert len(scene.canaries.of("ID token", "ID-JAG", "client secret")) >= 4
    assert scene.shown(capfd) == set()


def at_the_provider(request):
    return replace(request, url=IDP_TOKEN)


def test_tokens_that_are_bound_to_a_key(scene, capfd):
    """Row I6."""
    server = scene.serve(
        proofs=ProofChecks(now=time.time), says_further={"dpop_signing_alg_values_supported": ["ES256"]}
    )
    auth = scene.auth(server, dpop=True)
    assert scene.call(auth, server) == 200
    scene.canaries.note("DPoP key", json.loads(auth.session.dpop_key.reveal())["d"])
    server.authorization.forget_access_tokens()
    assert scene.call(auth, server) == 200
    server.authorization.forget_access_tokens()
    server.faults["/token"] = repeats(400)
    assert scene.fails(auth, server)
    assert len(scene.canaries.of("proof")) >= 4
    assert scene.shown(capfd) == IN_LINK


@requirement("NAT-9", "SEC-12")
def test_an_answer_that_a_person_pastes(scene, capfd):
    """Of a wrong address nothing is shown either. Row I6."""
    server = scene.serve()
    strange = f"https://other.example/?{urlencode({'x': scene.canaries.make('pasted address')})}"
    of_another = urlencode({name: scene.canaries.make("pasted address") for name in ("code", "state")})
    pasted = [strange, scene.canaries.make("pasted address"), f"http://127.0.0.1:1/callback?{of_another}"]

    def read(question):
        scene.watch.see(places.TERMINAL, question)
        return pasted.pop(0) if pasted else server.person.visits(links[-1])

    links = []
    told = []
    login = PasteLogin(lambda prompt: links.append(prompt.authorization_url), read, told.append)
    auth = scene.auth(server, login=login)
    assert scene.call(auth, server) == 200
    scene.watch.see(places.TERMINAL, "\n".join(told))
    server.authorization.forget_access_tokens()
    server.authorization.forget_refresh_tokens()
    pasted += [f"http://127.0.0.1:1/callback?{of_another}"] * 2
    assert isinstance(scene.fails(auth, server), AuthError)
    assert len(scene.canaries.of("pasted address")) == 4
    assert scene.shown(capfd) == IN_LINK


@pytest.mark.parametrize("program", ["mcp-remote", "FastMCP"])
def test_a_session_of_another_program(scene, capfd, program):
    """Row I6."""
    server = scene.serve()
    kept = {name: scene.canaries.make(f"its {name}") for name in ("access_token", "refresh_token", "id_token")}
    token = {**kept, "token_type": "Bearer", "expires_in": 3600}
    secret = scene.canaries.make("its client_secret")
    client = {"client_id": "c", "client_secret": secret, "redirect_uris": ["http://127.0.0.1:1/callback"]}
    client |= {"token_endpoint_auth_method": "client_secret_post", "issuer": server.origin}
    store = open_store(f"sqlite:///{scene.folder}/data/migrated.db")
    if program == "FastMCP":
        records = Records(token, client, time.time() + 3600, url=server.url)
        taken = from_fastmcp(server.url, records, store)
        fails = [lambda: from_fastmcp(server.url, Records({"access_token": [kept]}, client, url=server.url))]
    else:
        there = write(scene.folder.parent / "there", token, client, invocation=Invocation(server.url))
        taken = from_mcp_remote(server.url, store, folder=there)
        broken = write(
            scene.folder.parent / "broken", json.dumps(token)[:-9], client, invocation=Invocation(server.url)
        )
        fails = [lambda: from_mcp_remote(server.url, "memory:", folder=broken)]
    for each in fails:
        scene.watch.fails(each)
    auth = scene.auth(server, store=store)
    scene.watch.roots += [taken, auth.session]
    server.faults["/token"] = repeats(400)
    server.person.denies = True
    scene.fails(auth, server)
    scene.watch.look_around()
    kept = in_plain_store("its access_token", "its refresh_token", "its id_token", "its client_secret")
    registered = in_plain_store("registered secret")  # for the login that the person has declined
    assert scene.shown(capfd) == IN_LINK - {(places.CALLBACK, "code")} | kept | registered


STEPS = {
    "resource metadata": "/.well-known/oauth-protected-resource/mcp",
    "server metadata": "/.well-known/oauth-authorization-server",
    "registration": "/register",
    "token endpoint": "/token",
}
FAULTS = {
    "repeats": repeats(400),
    "redirects": repeats(307),
    "is down": repeats(503, "text/html"),
    "says no JSON": lambda _: Answer(200, (("Content-Type", "application/json"),), b"{"),
    "says nothing": lambda _: Answer(200, (), b""),
    "breaks off": lambda _: Answer(200, (("Content-Length", "1000"),), b"{"),
}


@requirement("SEC-12", "USE-7")
@pytest.mark.parametrize("step", STEPS)
def test_a_server_that_fails_at_a_step(scene, capfd, step):
    """The first login and the renewal, in every way to fail. Row I6."""
    server = scene.serve()
    token = scene.canaries.make("initial access token")
    for fault in FAULTS.values():
        auth = scene.auth(server, store=MemoryStore(), initial_access_token=token, issuer=server.origin)
        server.faults[STEPS[step]] = fault
        scene.tries(auth, server)
        server.faults.clear()
        assert auth.login()  # it passes the brake
        assert scene.call(auth, server) == 200
        server.authorization.forget_access_tokens()
        server.authorization.forget_refresh_tokens()
        server.faults[STEPS[step]] = fault
        server.person.denies = True
        scene.tries(auth, server)
        server.faults.clear()
        server.person.denies = False
        assert auth.logout()
    assert len(scene.watch.errors) > len(FAULTS)
    assert scene.shown(capfd) == IN_LINK
