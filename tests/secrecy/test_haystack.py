# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Haystack's tools in a pipeline that is written to YAML and read again, with a canary in every secret."""

import pytest
import yaml
from haystack import Pipeline
from haystack.components.agents import Agent
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.utils import Secret

from haystack_integrations.tools.mcp_oauth import (
    IdentityProvider,
    MCPToolset,
    OAuthConfig,
    RegisteredClient,
    StreamableHttpServerInfo,
)
from haystack_integrations.tools.mcp_oauth.network import ClientCertificate, Network
from tests.haystack.calling import call, tool_of
from tests.requirements import requirement
from tests.secrecy import watch as places
from tests.secrecy.scene import IN_ARGUMENTS, IN_LINK
from tests.secrecy.server import repeats
from tests.servers import free_port
from valetkey.errors import ConfigurationError


def written_by(one):
    """Give the YAML of an object that can be written."""
    return yaml.safe_dump(one.to_dict())


def reference(scene, name):
    """Put a canary into a variable of the environment, and give the reference to it that YAML may hold."""
    variable = f"VARIABLE_{name.upper().replace(' ', '_')}"
    scene.environment.setenv(variable, scene.canaries.make(name))
    return Secret.from_env_var(variable)


def written_pipeline(toolset):
    pipeline = Pipeline()
    pipeline.add_component("agent", Agent(chat_generator=OpenAIChatGenerator(), tools=toolset))
    return pipeline.dumps()


@requirement("SEC-12")
def test_a_toolset_that_is_logged_in_refreshed_refused_and_written_to_yaml(scene, capfd):
    """Rows I6, I14, I15."""
    scene.environment.setenv("OPENAI_API_KEY", scene.canaries.make("variable"))
    scene.environment.setenv("STORE", f"sqlite:///{scene.folder}/data/of-haystack.db")
    server, record = scene.serve(), scene.opens_a_browser()
    redirect_uri, secret = f"http://127.0.0.1:{free_port()}/callback", reference(scene, "client secret")
    server.authorization.knows("by-hand", redirect_uri, secret=secret.resolve_value())
    config = OAuthConfig(
        client_id="by-hand",
        client_secret=secret,
        issuer=server.origin,
        redirect_uri=redirect_uri,
        token_storage=Secret.from_env_var("STORE"),
        network=Network(headers={server.origin: {"CF-Access-Client-Secret": reference(scene, "gateway header")}}),
    )
    toolset = MCPToolset(StreamableHttpServerInfo(url=server.url, oauth_config=config))
    try:
        tool = tool_of(toolset)
        assert call(tool, a=1, b=2) == "3"
        shown = scene.read_page(record)
        scene.watch.see(places.ENVIRONMENTS, shown["environ"])
        server.authorization.forget_access_tokens()
        assert call(tool, a=1, b=2) == "3"
        server.authorization.forget_access_tokens()
        server.authorization.forget_refresh_tokens()
        server.faults["/token"] = repeats(400)
        scene.opens_a_browser()
        scene.watch.fails(lambda: call(tool, a=1, b=2))
        yaml_text = written_pipeline(toolset)
        scene.watch.see(places.WRITTEN, yaml_text)
        again = OAuthConfig.from_dict(config.to_dict())
        scene.watch.roots += [toolset, config, again, *toolset.tools]
    finally:
        toolset.close()
    assert "VARIABLE_CLIENT_SECRET" in yaml_text
    assert again == config
    assert len(scene.canaries.of("access token", "code", "verifier", "state", "client secret", "gateway header")) >= 7
    kept = {(place, name) for place in (places.RECORDS, places.STORE_FILE, places.JOURNAL) for name in KEPT}
    assert scene.shown(capfd) == {*IN_LINK, *IN_ARGUMENTS, (places.TERMINAL, "state"), *kept}


KEPT = ("access token", "refresh token", "ID token", "client secret")
"""What a plain record holds: a restart renews with it. Of the secret that the user keeps elsewhere it is a copy."""


def everything(scene):
    """Give a configuration with a reference in every field that can have one."""
    issuer = "https://as.example"
    provider = IdentityProvider(
        "https://idp.example", "c", reference(scene, "ID token"), client_secret=reference(scene, "client secret there")
    )
    certificate = ClientCertificate("certificate.pem", "key.pem", reference(scene, "key password"))
    scene.environment.setenv("STORE", f"redis://:{scene.canaries.make('store password')}@127.0.0.1/0")
    return OAuthConfig(
        token_storage=Secret.from_env_var("STORE"),
        initial_access_token=reference(scene, "initial token"),
        private_key=reference(scene, "private key"),
        clients=[RegisteredClient(issuer, "c", reference(scene, "client secret"))],
        identity_provider=provider,
        network=Network(
            client_certificates={issuer: certificate},
            proxy=reference(scene, "proxy"),
            headers={issuer: {"X-Key": reference(scene, "gateway header")}},
        ),
    )


@requirement("SEC-12")
def test_a_configuration_with_a_reference_in_every_field(scene, capfd):
    """Of a store on a server too: its URL may hold a password. Row I15."""
    config = everything(scene)
    text = written_by(config)
    scene.watch.see(places.WRITTEN, text)
    again = OAuthConfig.from_dict(yaml.safe_load(text))
    scene.watch.roots += [config, again]
    scene.watch.see(places.OBJECTS, repr(vars(config)))
    assert again == config
    assert again.store.startswith("redis://:")
    assert scene.shown(capfd) == set()


@pytest.mark.parametrize("is_there", [True, False])
def test_a_store_whose_reference_leads_to_nothing_or_to_no_store(scene, capfd, is_there):
    """Row I15."""
    scene.environment.delenv("STORE", raising=False)
    if is_there:
        scene.environment.setenv("STORE", f"user:{scene.canaries.make('store password')}@host")
    config = OAuthConfig(token_storage=Secret.from_env_var("STORE"))
    info = StreamableHttpServerInfo(url="https://mcp.example.com/mcp", oauth_config=config)
    error = scene.watch.fails(info.login)
    assert isinstance(error.__cause__, ConfigurationError)
    assert scene.shown(capfd) == set()


def test_a_token_as_text_is_taken_for_no_secret_of_ours_and_stays_out_of_texts(scene, capfd):
    """A store's password as text is not written either. Row I15."""
    config = OAuthConfig(token_storage=f"redis://:{scene.canaries.make('store password')}@127.0.0.1/0")
    scene.watch.roots.append(config)
    scene.watch.fails(config.to_dict)
    refused = {"client_secret": "x", "initial_access_token": "x", "private_key": "-----BEGIN PRIVATE KEY-----\nx"}
    for name, text in refused.items():
        secret = scene.canaries.make(name)
        scene.watch.fails(lambda name=name, text=text, secret=secret: OAuthConfig(**{name: f"{text}{secret}"}))
    scene.watch.fails(lambda: Network(proxy=f"http://user:{scene.canaries.make('proxy password')}@proxy.example"))
    scene.watch.fails(lambda: Network(headers={"https://a.example": {"X-Key": scene.canaries.make("gateway header")}}))
    assert scene.shown(capfd) - {(places.PICKLES, "store password")} == set()
