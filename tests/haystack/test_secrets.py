# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Secrets show nowhere, in a whole life with good and bad days."""

import asyncio
import logging

import pytest
from haystack import Pipeline
from haystack.components.agents import Agent
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.utils import Secret

from haystack_integrations.tools.mcp_oauth import OAuthConfig, StreamableHttpServerInfo
from tests.fakes.hostile import everything_said_by
from tests.haystack.calling import call, tool_of
from tests.haystack.stored import stored_session

CLIENT_SECRET = "secret-of-the-client"
SECRET_PARAMETERS = ("code", "code_verifier", "refresh_token", "client_secret")


@pytest.fixture
def info(misbehaving, monkeypatch, free_redirect_uri):
    monkeypatch.setenv("CANARY", CLIENT_SECRET)
    monkeypatch.setenv("OPENAI_API_KEY", "never used")
    config = OAuthConfig(
        client_id="by-hand",
        client_secret=Secret.from_env_var("CANARY"),
        issuer=misbehaving.origin,
        redirect_uri=free_redirect_uri,
        token_endpoint_auth_method="client_secret_post",
    )
    return StreamableHttpServerInfo(url=misbehaving.mcp_url, oauth_config=config)


def live(server, info, tool):
    """Log in, call, refresh, ask for more, and meet what can go wrong; give the errors."""
    call(tool, a=1, b=2)
    server.revoke_access_tokens()
    call(tool, a=1, b=2)
    server.switches.scope_of_calls = "admin"
    call(tool, a=1, b=2)
    errors = []
    for fault in ("denies", "token_page"):
        server.revoke_everything()
        setattr(server.switches, fault, True)
        for use in (info.login, lambda: call(tool, a=1, b=2)):
            with pytest.raises(Exception) as raised:  # noqa: PT011 - Haystack's error around ours
                use()
            errors.append(raised.value)
        setattr(server.switches, fault, False)
    info.login()
    call(tool, a=1, b=2)
    return errors


def secrets_of(server):
    """Give every secret that went over the wire, at both ends of the server."""
    sent = {one.parameters[name] for one in server.seen for name in SECRET_PARAMETERS if name in one.parameters}
    tokens = {one.token for one in server.seen if one.token}
    issued = {f"secret-{kind}-{number}" for kind in ("access", "refresh") for number in range(1, 10)}
    codes = {f"secret-code-{number}" for number in range(10)}
    assert CLIENT_SECRET in sent
    assert len(sent) > 6
    return sent | tokens | issued | codes


def written(toolset):
    pipeline = Pipeline()
    pipeline.add_component("agent", Agent(chat_generator=OpenAIChatGenerator(), tools=toolset))
    return pipeline.dumps()


def shown_by(info, toolset, store):
    """Give what a debugger or a log would show of the objects a user holds."""
    client = info.create_client()
    asyncio.run(client.aclose())
    objects = [info, toolset, client, client.oauth_config, stored_session(store), *toolset.tools]
    return "\n".join(f"{thing!r} {thing!s} {getattr(thing, '__dict__', None)!r}" for thing in objects)


def test_no_secret_shows_in_logs_errors_representations_yaml_or_command_lines(
    misbehaving, info, open_toolset, person, store, caplog, capfd
):
    person.is_watched()
    for name in ("valetkey", "haystack_integrations", "haystack", "mcp"):
        caplog.set_level(logging.DEBUG, name)
    toolset = open_toolset(info)
    errors = live(misbehaving, info, tool_of(toolset))
    toolset.close()
    texts = {
        "logs": "\n".join(f"{record.getMessage()} {vars(record)!r}" for record in caplog.records),
        "errors": "\n".join(everything_said_by(error) for error in errors),
        "objects": shown_by(info, toolset, store),
        "YAML": written(toolset),
        "command line": person.command_line.decode(),
        "output": "".join(capfd.readouterr()),
    }
    shown = [(where, secret) for where, text in texts.items() for secret in secrets_of(misbehaving) if secret in text]
    assert shown == []
    assert "valetkey.requests" in texts["logs"]
    assert "code_challenge" not in texts["logs"]
    assert "/authorize?" in texts["command line"]
    assert "asks you to log in" in texts["output"]
    assert len(errors) == 4
