# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The network settings of a pipeline: its YAML holds references and never a secret, and the engine gets them."""

from pathlib import Path

import pytest
import yaml
from haystack.utils import Secret

from haystack_integrations.tools.mcp_oauth import ClientCertificate, Network, OAuthConfig, StreamableHttpServerInfo
from tests.requirements import requirement
from valetkey import settings, values
from valetkey.errors import ConfigurationError

URL = "https://mcp.example.com/mcp"
GATEWAY = "https://gateway.example"
CANARY = "canary-9a01"


@pytest.fixture(autouse=True)
def variables(monkeypatch):
    for name in ("GATEWAY_ID", "GATEWAY_SECRET", "KEY_PASSWORD"):
        monkeypatch.setenv(name, CANARY)
    monkeypatch.setenv("PROXY_URL", f"http://user:{CANARY}@proxy.example:3128")


def everything():
    fields = {
        "CF-Access-Client-Id": Secret.from_env_var("GATEWAY_ID"),
        "CF-Access-Client-Secret": Secret.from_env_var("GATEWAY_SECRET"),
    }
    password = Secret.from_env_var("KEY_PASSWORD")
    return Network(
        certificate_authorities=Path("/etc/company/authorities.pem"),
        client_certificates={GATEWAY: ClientCertificate("/run/tls.pem", Path("/run/key.pem"), password)},
        proxy=Secret.from_env_var("PROXY_URL"),
        headers={GATEWAY: fields},
    )


@requirement("SEC-12")
@pytest.mark.parametrize(
    "network", [everything(), Network(), Network(proxy="http://proxy.example:3128"), Network(proxy="none")]
)
def test_a_pipeline_with_network_settings_is_written_and_read_again(network):
    config = OAuthConfig(network=network)
    written = yaml.safe_dump(StreamableHttpServerInfo(url=URL, oauth_config=config).to_dict())
    assert CANARY not in written
    read = StreamableHttpServerInfo.from_dict(yaml.safe_load(written)).oauth_config
    assert read == config
    assert read.network == network


def test_the_yaml_is_as_a_person_would_write_it():
    text = """
    network:
      certificate_authorities: /etc/company/authorities.pem
      client_certificates:
        https://gateway.example:
          certificate: /run/tls.pem
          key: /run/key.pem
          password: {type: env_var, env_vars: [KEY_PASSWORD], strict: true}
      proxy: {type: env_var, env_vars: [PROXY_URL], strict: true}
      headers:
        https://gateway.example:
          CF-Access-Client-Id: {type: env_var, env_vars: [GATEWAY_ID], strict: true}
          CF-Access-Client-Secret: {type: env_var, env_vars: [GATEWAY_SECRET], strict: true}
    """
    assert OAuthConfig.from_dict(yaml.safe_load(text)) == OAuthConfig(network=everything())


def test_the_engine_gets_them_with_the_secrets_resolved():
    found = OAuthConfig(network=everything()).to_settings(URL).network
    secret = values.Secret(CANARY)
    assert found == settings.Network(
        certificate_authorities="/etc/company/authorities.pem",
        client_certificates={GATEWAY: settings.ClientCertificate("/run/tls.pem", "/run/key.pem", secret)},
        proxy=f"http://user:{CANARY}@proxy.example:3128",
        headers={GATEWAY: {"CF-Access-Client-Id": secret, "CF-Access-Client-Secret": secret}},
    )
    assert OAuthConfig().to_settings(URL).network is None


def test_a_program_may_give_the_engines_own_class():
    network = settings.Network(proxy="none")
    assert OAuthConfig(network=network).to_settings(URL).network is network


@requirement("SEC-12")
@pytest.mark.parametrize(
    "make",
    [
        lambda: Network(headers={GATEWAY: {"X-Key": CANARY}}),
        lambda: Network(headers={GATEWAY: {"X-Key": CANARY.encode()}}),
        lambda: Network(proxy=f"http://user:{CANARY}@proxy.example:3128"),
        lambda: Network(proxy=f"{CANARY}@proxy.example"),
        lambda: ClientCertificate("/run/tls.pem", password=CANARY),
        lambda: OAuthConfig.from_dict({"network": {"headers": {GATEWAY: {"X-Key": CANARY}}}}),
        lambda: OAuthConfig.from_dict({"network": {"proxy": f"http://user:{CANARY}@proxy.example"}}),
        lambda: OAuthConfig.from_dict(
            {"network": {"client_certificates": {GATEWAY: {"certificate": "/a", "password": CANARY}}}}
        ),
    ],
)
def test_a_secret_in_plain_text_is_refused_without_being_repeated(make):
    with pytest.raises(ConfigurationError, match=r"(in|as) plain text") as caught:
        make()
    assert "Secret.from_env_var" in caught.value.hint
    assert CANARY not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Network(headers={"http://gateway.example": {}}), "not encrypted"),
        (lambda: Network(headers={GATEWAY: {"Authorization": Secret.from_env_var("X")}}), "cannot set Authorization"),
        (lambda: Network(headers={GATEWAY: {"X Key": Secret.from_env_var("X")}}), "not the name of a header field"),
        (lambda: Network(headers={f"{GATEWAY}/path": {}}), "more than an origin"),
        (lambda: Network(proxy="ftp://proxy.example"), "begins with none of"),
        (lambda: Network(certificate_authorities="-----BEGIN CERTIFICATE-----\nMII"), "no path"),
        (lambda: ClientCertificate("-----BEGIN CERTIFICATE-----\nMII"), "no path"),
    ],
)
def test_what_the_engine_would_refuse_is_refused_when_the_pipeline_is_read(make, told):
    """No secret has to have a value for that."""
    with pytest.raises(ConfigurationError, match=told):
        make()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"headers": [GATEWAY]}, r"Network\.headers is of the type list"),
        ({"headers": {GATEWAY: "X-Key: a"}}, r"Network\.headers is of the type dict that holds str"),
        ({"headers": {GATEWAY: {"X-Key": 7}}}, r"Network\.headers is of the type dict that holds dict"),
        ({"client_certificates": {GATEWAY: "/run/tls.pem"}}, r"Network\.client_certificates is of the type dict"),
        ({"client_certificates": [GATEWAY]}, r"Network\.client_certificates is of the type list"),
        ({"proxy": 7}, r"Network\.proxy is of the type int"),
        ({"certificate_authorities": False}, r"Network\.certificate_authorities is of the type bool"),
    ],
)
def test_a_field_of_another_type_is_named(given, told):
    with pytest.raises(ConfigurationError, match=told) as caught:
        OAuthConfig.from_dict({"network": given})
    assert caught.value.hint.startswith("Give ")


@pytest.mark.parametrize("value", ["", None, " ", "two\nlines"])
def test_a_secret_without_a_good_value_is_named_when_it_is_needed(value, monkeypatch):
    monkeypatch.delenv("GATEWAY_SECRET") if value is None else monkeypatch.setenv("GATEWAY_SECRET", value)
    config = OAuthConfig(network=everything())
    with pytest.raises(ConfigurationError, match="CF-Access-Client-Secret"):
        config.to_settings(URL)


@pytest.mark.parametrize("network", ["http://proxy.example", {"proxy": "none"}, 7])
def test_a_network_is_an_object_of_its_class(network):
    with pytest.raises(ConfigurationError, match=r"OAuthConfig\.network is of the type"):
        OAuthConfig(network=network)


@requirement("SEC-12")
def test_no_secret_is_shown():
    config = OAuthConfig(network=everything())
    for shown in (config, config.network, config.to_settings(URL), config.to_settings(URL).network):
        assert CANARY not in f"{shown!r} {shown}"
