# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Canaries in what a user gives beside the login: network settings, stores on servers, wrong values."""

import base64
from dataclasses import replace

import pytest

from tests.fakes.keys import pem_of, private_key
from tests.network.certificates import make_certificates
from tests.network.server import WireServer
from tests.requirements import requirement
from tests.secrecy.scene import IN_LINK
from tests.secrecy.server import repeats
from tests.servers import free_port
from valetkey.errors import AuthError, ConfigurationError, StoreError, TemporaryError
from valetkey.httpx2 import OAuth
from valetkey.settings import ClientCertificate, Network
from valetkey.settings.credentials import PrivateKey, RegisteredClient
from valetkey.settings.settings import Settings
from valetkey.store import open_store
from valetkey.store.encryption import protection
from valetkey.values import Secret

ELSEWHERE = "https://mcp.example.com/mcp"


def test_header_fields_for_an_access_gateway(scene, capfd):
    """Row I6."""
    server = scene.serve()
    value = scene.canaries.make("gateway header")
    network = Network(headers={server.origin: {"CF-Access-Client-Secret": value}})
    auth = scene.auth(server, network=network)
    scene.watch.roots.append(network)

    def echo(request):
        told = dict(request.headers).get("CF-Access-Client-Secret", "")
        given = repeats(400)(request)
        return replace(given, body=given.body.replace(b"no: ", f"no: {told} ".encode()))

    for path in ("/register", "/token"):
        server.faults[path] = echo
        assert isinstance(scene.fails(auth, server), AuthError)
    assert scene.canaries.of("gateway header") == [value]
    assert scene.shown(capfd) <= IN_LINK


PROXIES = {
    "not there": None,
    "refuses": b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
    "repeats": b"HTTP/1.1 403 No: %s\r\nContent-Length: 0\r\n\r\n",
    "no proxy": b"%s\r\n\r\n",
}


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("named_by", ["network=", "HTTPS_PROXY"])
@pytest.mark.parametrize("kind", PROXIES)
def test_the_password_of_a_proxy(scene, capfd, kind, named_by, scheme):
    """Row I6."""
    password = scene.canaries.make("proxy password")

    def proxy(peer):
        head = peer.request
        sent = head.partition(b"Basic ")[2].partition(b"\r\n")[0] or password.encode()
        peer.send(PROXIES[kind].replace(b"%s", sent + b" " + password.encode()))

    with WireServer(proxy) as server:
        port = free_port() if PROXIES[kind] is None else server.port
        url = f"{scheme}://user:{password}@127.0.0.1:{port}"
        if named_by == "HTTPS_PROXY":
            scene.environment.setenv("HTTPS_PROXY", url)
        network = None if named_by == "HTTPS_PROXY" else Network(proxy=url)
        auth = OAuth(ELSEWHERE, login="never", settings=Settings(network=network))
        error = scene.watch.fails(auth.login)
    scene.watch.roots += [auth, network]
    assert isinstance(error, TemporaryError | ConfigurationError)
    assert scene.shown(capfd) == set()


@pytest.mark.parametrize("is_right", [True, False])
def test_the_password_of_a_client_certificate(scene, capfd, is_right):
    """Row I6."""
    password = scene.canaries.make("key password")
    certificates = make_certificates(scene.folder)
    key = scene.folder / "key.pem"
    text = (certificates.folder / "good.pem").read_text(encoding="utf-8")
    key.write_text(pem_of(private_key("P-256"), password.encode()), encoding="utf-8")
    (scene.folder / "certificate.pem").write_text(text[text.index("-----BEGIN CERT") :], encoding="utf-8")
    given = password if is_right else scene.canaries.make("key password")
    port = free_port()
    certificate = ClientCertificate(scene.folder / "certificate.pem", key, Secret(given))
    network = Network(client_certificates={f"https://127.0.0.1:{port}": certificate})
    auth = OAuth(f"https://127.0.0.1:{port}/mcp", login="never", settings=Settings(network=network))
    assert isinstance(scene.watch.fails(auth.login), ConfigurationError)
    scene.watch.roots += [auth, network]
    assert scene.shown(capfd) == set()


STORES = {
    "redis": "redis://user:{}@127.0.0.1:{}/0?encryption=off",
    "redis in a query": "redis://127.0.0.1:{1}/0?password={0}&encryption=off",
    "postgresql": "postgresql://user:{}@127.0.0.1:{}/base?encryption=off&connect_timeout=2",
    "postgresql in a query": "postgresql://127.0.0.1:{1}/base?password={0}&encryption=off&connect_timeout=2",
    "postgresql with a slash": "postgresql://user:{}/x@127.0.0.1:{}/base?encryption=off&connect_timeout=2",
    "postgresql with an at": "postgresql://user:x@{}@127.0.0.1:{}/base?encryption=off&connect_timeout=2",
    "postgresql with a question mark": "postgresql://user:{}?x@127.0.0.1:{}/base?encryption=off&connect_timeout=2",
    "redis with a slash": "redis://user:{}/x@127.0.0.1:{}/0?encryption=off",
    "redis with a question mark": "redis://user:{}?x@127.0.0.1:{}/0?encryption=off",
    "misspelled": "redis//user:{}@127.0.0.1:{}",
    "a file with a password": "sqlite:///u:{0}@host?password={0}",
    "an option that there is not": "postgresql://user:{}@127.0.0.1:{}/base?encryption=off&strange=1",
}


@requirement("SEC-12")
@pytest.mark.parametrize("is_in_environment", [True, False])
@pytest.mark.parametrize("name", STORES)
def test_the_password_of_a_store_on_a_server(scene, capfd, name, is_in_environment):
    """Row I15."""
    url = STORES[name].format(scene.canaries.make("store password"), free_port())
    if is_in_environment:
        scene.environment.setenv("VALETKEY_STORE", url)
    given = None if is_in_environment else url

    def use():
        auth = OAuth(ELSEWHERE, login="never", store=given)
        scene.watch.roots.append(auth)
        auth.session  # noqa: B018 - it reads the store

    assert isinstance(scene.watch.fails(use), StoreError | ConfigurationError)
    scene.watch.fails(lambda: scene.watch.roots.append(open_store(given)) or open_store(given).get("session:x"))
    assert scene.shown(capfd) == set()


def test_a_store_key_that_is_none_or_another_one(scene, capfd):
    """Row I15."""
    name = f"sqlite:///{scene.folder}/data/keys.db"
    scene.environment.delenv("VALETKEY_STORE_ENCRYPTION", raising=False)
    for length in (31, 32, 33, 32):
        text = scene.canaries.make("store key")[:length]
        key = scene.canaries.note("store key", base64.b64encode(text.encode()).decode())
        store = None
        try:
            store = protection.open_protected(name, environment={"VALETKEY_STORE_KEY": key})
            store.put("session:x", b"{}")
            store.get("session:x")
        except AuthError as error:
            scene.watch.errors.append(error)
        scene.watch.roots.append(store)
    for text in (scene.canaries.make("store key") + "!", "=" + scene.canaries.make("store key")):
        scene.watch.fails(lambda text=text: protection.open_protected(name, environment={"VALETKEY_STORE_KEY": text}))
    scene.watch.look_around()
    assert len(scene.watch.errors) >= 4
    assert scene.shown(capfd) == set()


GIVEN = {
    "a key as text": lambda text: Settings(url=ELSEWHERE, client_id="c", private_key=pem_like(text)),
    "a key as bytes": lambda text: PrivateKey(pem_like(text).encode()),
    "a token as a path": lambda text: Settings(url=ELSEWHERE, workload_token=f"eyJ{text}.{text}.{text}"),
    "a secret as bytes": lambda text: Settings(url=ELSEWHERE, client_id="c", client_secret=text.encode()),
    "a secret of a client as a list": lambda text: RegisteredClient("https://i.example", "c", [text]),
    "a header with a line break": lambda text: Network(headers={"https://g.example": {"X-Key": f"{text}\n"}}),
    "a header for a path": lambda text: Network(headers={f"https://g.example/path?key={text}": {"X": text}}),
    "a proxy with a path": lambda text: Network(proxy=f"http://user:{text}@proxy.example/{text}"),
    "a proxy of another kind": lambda text: Network(proxy=f"ftp://user:{text}@proxy.example"),
    "a proxy with a space": lambda text: Network(proxy=f"http://user:{text}@proxy example"),
    "a certificate as text": lambda text: ClientCertificate(pem_like(text)),
    "a password as bytes": lambda text: ClientCertificate("c.pem", "k.pem", text.encode()),
    "an initial token as bytes": lambda text: Settings(url=ELSEWHERE, initial_access_token=text.encode()),
}


def pem_like(text):
    return f"-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize("wrong", GIVEN)
def test_a_secret_at_a_wrong_place_is_not_repeated(scene, capfd, wrong):
    """Row I15."""
    text = scene.canaries.make("what was given")

    def make():
        scene.watch.roots.append(GIVEN[wrong](text))

    scene.watch.fails(make)
    assert scene.shown(capfd) == set()
