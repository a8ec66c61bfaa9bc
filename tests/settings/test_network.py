# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a user may say about the network, what is refused at once, and that no secret of it is ever shown."""

import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from tests.requirements import requirement
from valetkey.errors import ConfigurationError
from valetkey.settings import ClientCertificate, Network, Settings
from valetkey.settings.network import proxy_fault
from valetkey.values import Secret

URL = "https://mcp.example.com/mcp"
GATEWAY = "https://gateway.example"
CANARY = "canary-5e1f"


def fields(**given):
    return Network(headers={GATEWAY: {name.replace("_", "-"): value for name, value in given.items()}})


def test_nothing_has_to_be_set():
    network = Network()
    assert (network.certificate_authorities, network.client_certificates) == (None, ())
    assert (network.proxy, network.headers) == (None, ())
    assert Settings(url=URL).network is None


def test_settings_with_a_network_can_be_compared_hashed_and_completed():
    def settings(value):
        certificates = {"https://as.example": ClientCertificate("/run/tls.pem", password=Secret("p"))}
        network = Network(headers={GATEWAY: {"X-Key": value}}, proxy="http://one", client_certificates=certificates)
        return Settings(network=network).for_server(URL)

    assert settings("a") == settings(Secret("a"))
    assert hash(settings("a")) == hash(settings("a"))
    assert settings("a") != settings("b")
    assert replace(settings("a").network, proxy="http://two").headers == settings("a").network.headers


@pytest.mark.parametrize("network", ["http://proxy:3128", {"proxy": "http://proxy:3128"}, 7])
def test_a_network_is_an_object_of_its_class(network):
    with pytest.raises(ConfigurationError, match="The network is a"):
        Settings(url=URL, network=network)


@requirement("SEC-12")
def test_no_secret_of_a_network_is_shown():
    network = Network(
        proxy=f"http://user:{CANARY}@proxy.example:3128",
        headers={GATEWAY: {"CF-Access-Client-Id": CANARY, "CF-Access-Client-Secret": Secret(CANARY)}},
        client_certificates={GATEWAY: ClientCertificate("/run/tls.pem", "/run/key.pem", Secret(CANARY))},
    )
    for shown in (network, Settings(url=URL, network=network), [network], network.client_certificates):
        assert CANARY not in f"{shown!r} {shown}"


@pytest.mark.parametrize(
    ("given", "held"),
    [
        ("https://Gateway.Example", GATEWAY),
        ("https://gateway.example/", GATEWAY),
        ("https://gateway.example:443", GATEWAY),
        ("https://gateway.example:8443", "https://gateway.example:8443"),
        ("https://gateway.example.", "https://gateway.example."),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://[FD00::1]:443", "https://[fd00::1]"),
    ],
)
def test_an_origin_is_held_as_requests_are_compared_with_it(given, held):
    assert Network(headers={given: {"X-Key": "a"}}).headers == ((held, (("X-Key", Secret("a")),)),)
    certificate = ClientCertificate("/run/tls.pem")
    assert Network(client_certificates={given: certificate}).client_certificates == ((held, certificate),)


@requirement("SEC-1")
@pytest.mark.parametrize(
    "origin",
    [
        *("http://gateway.example", "gateway.example", "*", "", "https://", "https://*.example", "https://a,b"),
        *("https://gateway.example/path", "https://gateway.example?a=b", "https://gateway.example#part"),
        *("https://user:canary-5e1f@gateway.example", "https://gateway.example:port", "ftp://gateway.example"),
        *("https://gateway.example\r\n", None, 7, b"https://gateway.example"),
    ],
)
@pytest.mark.parametrize("option", ["headers", "client_certificates"])
def test_what_is_no_origin_or_more_than_one_is_refused(origin, option):
    value = {"X-Key": "a"} if option == "headers" else ClientCertificate("/run/tls.pem")
    with pytest.raises(ConfigurationError, match=option) as caught:
        Network(**{option: {origin: value}})
    assert caught.value.hint
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("option", ["headers", "client_certificates"])
@pytest.mark.parametrize("given", ["X-Key: a", [GATEWAY], 7, (GATEWAY,), ((1, 2, 3),)])
def test_what_is_no_mapping_by_origin_is_refused(given, option):
    with pytest.raises(ConfigurationError, match="Give a mapping"):
        Network(**{option: given})


def test_an_origin_is_given_once():
    with pytest.raises(ConfigurationError, match="name an origin twice"):
        Network(headers={GATEWAY: {"X-Key": "a"}, f"{GATEWAY}:443": {"X-Key": "b"}})


@requirement("SEC-12")
@pytest.mark.parametrize(
    "name",
    [
        *("Authorization", "authorization", "AUTHORIZATION", "Content-Type", "Accept", "Accept-Encoding", "Host"),
        *("Content-Length", "content_length", "Transfer-Encoding", "transfer_encoding", "Connection", "Cookie"),
        *("Proxy-Authorization", "Proxy-Connection", "proxy-anything", "TE", "Trailer", "Upgrade", "Expect"),
        *("DPoP", "User-Agent", "Keep-Alive", "MCP-Protocol-Version", "Mcp-Session-Id", "Set-Cookie"),
    ],
)
def test_a_field_of_ours_and_one_that_frames_the_message_are_not_replaced(name):
    with pytest.raises(ConfigurationError, match="cannot set") as caught:
        Network(headers={GATEWAY: {name: CANARY}})
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("name", ["", " ", "X Key", "X-Key:", "X\r\nY", "X-K\u00e9y", "X\x00", "(X)", "X\n", 7, None])
def test_the_name_of_a_field_goes_by_the_grammar(name):
    with pytest.raises(ConfigurationError, match="is not the name of a header field"):
        Network(headers={GATEWAY: {name: CANARY}})


@pytest.mark.parametrize(
    "value", ["", " ", f"{CANARY}\n", f"{CANARY}\r\nHost: evil", f"{CANARY}\x00", " a", "a ", "\u00e9", "\udce9", None]
)
@pytest.mark.parametrize("as_secret", [False, True])
def test_the_value_of_a_field_goes_by_the_grammar(value, as_secret):
    given = Secret(value) if as_secret and value is not None else value
    with pytest.raises(ConfigurationError, match="has a value that no header field may have") as caught:
        fields(X_Key=given)
    assert CANARY not in str(caught.value)


def test_a_value_is_a_text_or_a_secret():
    with pytest.raises(ConfigurationError, match="A secret is given as int"):
        fields(X_Key=7)


def test_a_field_is_given_once_in_whatever_case():
    with pytest.raises(ConfigurationError, match="have the same name"):
        fields(X_Key="a", x_key="b")


PROXIES = [
    *("http://proxy.example:3128", "HTTP://proxy.example", "https://proxy.example:3129/", "http://10.0.0.1:3128"),
    *("http://user:p%40ss@proxy.example:3128", "socks5://proxy.example", "socks5h://[fd00::1]:1080"),
    "http://user:pass word@proxy",
]
NO_PROXIES = [
    *("", "proxy.example:3128", "proxy.example", "//proxy.example", "ftp://proxy", "socks4://proxy", "socks://proxy"),
    *("http://", "http://:3128", "http://proxy:port", "http://proxy:99999", "http://proxy:0", "http://[::1"),
    *("http://proxy/path", "http://proxy?a=b", "http://proxy#part", f"http://user:{CANARY}#@proxy:1"),
    *("http://proxy\r\nHost: evil", "http://proxy\t", "http://pro xy", "http://pr\u00f6xy", "http://user:x@"),
]


@pytest.mark.parametrize("url", PROXIES)
def test_a_proxy_is_a_url_with_a_host_and_perhaps_a_password(url):
    assert proxy_fault(url) is None
    assert Network(proxy=url).proxy == Network(proxy=Secret(url)).proxy == Secret(url)


@requirement("SEC-12")
@pytest.mark.parametrize("url", [*NO_PROXIES, f"http://user:{CANARY}@proxy:port", f"{CANARY}:{CANARY}@proxy:3128"])
def test_what_is_no_proxy_is_refused_without_being_repeated(url):
    with pytest.raises(ConfigurationError, match="The proxy of the network cannot be used") as caught:
        Network(proxy=url)
    assert "http://host:port" in caught.value.hint
    assert CANARY not in str(caught.value)


def test_none_is_the_name_of_no_proxy():
    assert Network(proxy="none").proxy == Secret("none")


@pytest.mark.parametrize("path", ["/run/authorities.pem", Path("/run/authorities"), "relative.pem"])
def test_certificate_authorities_are_a_path(path):
    assert Network(certificate_authorities=path).certificate_authorities == path


@requirement("SEC-10")
@pytest.mark.parametrize("authorities", [True, False, "", 7, b"/run/x", "-----BEGIN CERTIFICATE-----\nMII"])
def test_verification_cannot_be_switched_off_by_a_value(authorities):
    with pytest.raises(ConfigurationError, match="no path and no SSLContext") as caught:
        Network(certificate_authorities=authorities)
    assert "MII" not in str(caught.value)


@requirement("SEC-10")
@pytest.mark.parametrize(
    ("check_hostname", "mode"),
    [(False, ssl.CERT_REQUIRED), (False, ssl.CERT_OPTIONAL), (False, ssl.CERT_NONE), (True, ssl.CERT_OPTIONAL)],
)
def test_verification_cannot_be_switched_off_by_a_context(check_hostname, mode):
    context = ssl.create_default_context()
    context.check_hostname = check_hostname
    context.verify_mode = mode
    with pytest.raises(ConfigurationError, match="verifies no certificates or no host names"):
        Network(certificate_authorities=context)


def test_a_context_that_verifies_is_taken():
    context = ssl.create_default_context()
    assert Network(certificate_authorities=context).certificate_authorities is context


def test_a_context_and_client_certificates_contradict_each_other():
    """A context cannot be copied, and with the certificate in it, it would be shown to every server."""
    certificates = {GATEWAY: ClientCertificate("/run/tls.pem")}
    with pytest.raises(ConfigurationError, match="contradicts an SSLContext"):
        Network(certificate_authorities=ssl.create_default_context(), client_certificates=certificates)


@requirement("SEC-12")
@pytest.mark.parametrize(
    "given",
    [
        ("-----BEGIN CERTIFICATE-----\ncanary-5e1f",),
        ("/run/tls.pem", "-----BEGIN PRIVATE KEY-----\ncanary-5e1f"),
        ("",),
        (None,),
        ("/run/tls.pem", 7),
        ("/run/\x00",),
    ],
)
def test_a_client_certificate_is_in_files(given):
    with pytest.raises(ConfigurationError, match="is no path of a file") as caught:
        ClientCertificate(*given)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("given", ["/run/tls.pem", ("/run/tls.pem", "/run/key.pem"), None])
def test_a_client_certificate_has_a_class_of_its_own(given):
    with pytest.raises(ConfigurationError, match="The client certificate for https://gateway"):
        Network(client_certificates={GATEWAY: given})


def test_a_password_that_is_a_text_becomes_a_secret():
    assert ClientCertificate("/run/tls.pem", password="p").password == Secret("p")
