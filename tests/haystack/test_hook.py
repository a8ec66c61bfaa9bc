# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How `AuthorizationHook` is made, and what it reads: the text of a refused call. `test_agent_hook` has the agents."""

import copy
import gc
import json
import pickle
import sys
import weakref
from importlib.metadata import version

import pytest
import yaml
from haystack.marshal.yaml import YamlDumper

from haystack_integrations.tools.mcp_oauth import (
    AuthorizationHook,
    AuthorizationRequired,
    OAuthConfig,
    StreamableHttpServerInfo,
    hook,
)
from haystack_integrations.tools.mcp_oauth._tools import durable_runs
from haystack_integrations.tools.mcp_oauth._tools.refused_calls import RefusedCall
from tests.haystack.test_authorization_required import WEB_APP
from valetkey.errors import ConfigurationError, StoreError

IS_NEW = tuple(int(part) for part in version("haystack-ai").split(".")[:2]) >= (3, 2)


@pytest.fixture(autouse=True)
def haystack_with_hooks(monkeypatch):
    """Have it look like a Haystack with hooks, also where an older one is installed."""
    monkeypatch.setattr(hook, "version", lambda _: "3.4.0")


@pytest.mark.parametrize("installed", ["2.23.0", "2.31.0", "3.0.0", "3.1.2", "3.1.0rc1"])
def test_a_haystack_whose_hooks_stop_no_run_is_named(monkeypatch, installed):
    monkeypatch.setattr(hook, "version", lambda _: installed)
    with pytest.raises(ConfigurationError, match=f"haystack-ai {installed} has none") as raised:
        AuthorizationHook()
    assert raised.value.hint == "Install haystack-ai 3.2 or newer; before it, the tool's message has the short link."


@pytest.mark.parametrize("installed", ["3.2.0", "3.10.0", "4.0.0", version("haystack-ai") if IS_NEW else "3.3.0"])
def test_a_haystack_with_such_hooks_is_taken(monkeypatch, installed):
    monkeypatch.setattr(hook, "version", lambda _: installed)
    assert AuthorizationHook().mode == "stop"


@pytest.mark.parametrize("mode", ["", "Stop", "pause", None, 3])
def test_an_unknown_mode_is_refused(mode):
    with pytest.raises(ConfigurationError, match="does not know") as raised:
        AuthorizationHook(mode)
    assert raised.value.hint == "Give one of 'stop', 'suspend', 'wait'."


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), "5", None, True])
def test_a_time_that_cannot_be_waited_is_refused(seconds):
    with pytest.raises(ConfigurationError, match="no time to wait") as raised:
        AuthorizationHook("wait", seconds=seconds)
    assert raised.value.hint == "Give a number of seconds, such as seconds=60."


def test_suspending_needs_hayhooks(monkeypatch):
    monkeypatch.setattr(durable_runs, "find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match="needs Hayhooks") as raised:
        AuthorizationHook("suspend")
    assert raised.value.hint == "Run the service with hayhooks 2.1 or newer, or use mode='stop'."


def test_a_hayhooks_without_durable_runs_is_named_when_a_run_is_to_be_suspended(monkeypatch):
    monkeypatch.setitem(sys.modules, "hayhooks", None)
    monkeypatch.setitem(sys.modules, "hayhooks.durable", None)
    with pytest.raises(ConfigurationError, match="durable runs"):
        durable_runs.current_context()


def test_hayhooks_is_not_imported_with_the_package():
    assert "hayhooks" not in sys.modules


@pytest.mark.parametrize("mode", ["stop", "wait"])
def test_it_is_written_and_read_back(mode):
    written = AuthorizationHook(mode, seconds=5).to_dict()
    assert written == {
        "type": "haystack_integrations.tools.mcp_oauth.hook.AuthorizationHook",
        "init_parameters": {"mode": mode, "seconds": 5},
    }
    again = AuthorizationHook.from_dict(json.loads(json.dumps(written)))
    assert (again.mode, again.seconds) == (mode, 5)


@pytest.fixture
def refused(misbehaving, open_tool):
    """The text of a call that needs a login."""
    config = OAuthConfig(login="link", public_url=WEB_APP, principal="alice")
    tool = open_tool(StreamableHttpServerInfo(url=misbehaving.mcp_url, oauth_config=config))
    with pytest.raises(Exception, match="mcp-oauth/start") as raised:
        tool.invoke(a=1, b=2)
    assert isinstance(raised.value.__cause__, AuthorizationRequired)
    return str(raised.value)


def test_the_text_of_a_refused_call_knows_the_error_as_long_as_the_run_goes_on(refused):
    assert isinstance(refused, RefusedCall)
    assert refused.error.principal == "alice"
    assert refused.error.authorization_url in refused
    assert copy.deepcopy([refused])[0].error is refused.error
    assert refused.is_asking()


def test_the_text_of_a_refused_call_keeps_nothing_of_the_call_stack(misbehaving, open_tool):
    """A message may live as long as a conversation, and a frame keeps alive all that its function had."""

    class Held:
        pass

    config = OAuthConfig(login="link", public_url=WEB_APP, principal="alice")
    tool = open_tool(StreamableHttpServerInfo(url=misbehaving.mcp_url, oauth_config=config))

    def use():
        held = Held()
        with pytest.raises(Exception, match="mcp-oauth/start") as raised:
            tool.invoke(a=1, b=2)
        return raised.value.args[0], weakref.ref(held)

    refused, held = use()
    gc.collect()
    assert held() is None
    for error in (refused.error, refused.error.error):
        assert (error.__traceback__, error.__cause__, error.__context__) == (None, None, None)


def test_what_leaves_the_process_is_the_text_alone(refused):
    copies = [
        yaml.safe_load(yaml.dump(refused, Dumper=dumper)) for dumper in (yaml.SafeDumper, yaml.Dumper, YamlDumper)
    ]
    copies += [pickle.loads(pickle.dumps(refused)), json.loads(json.dumps(refused)), refused.plain()]  # noqa: S301
    for plain in copies:
        assert type(plain) is str
        assert plain == refused
    assert f"{WEB_APP}/mcp-oauth/start/" in refused


def test_a_store_that_is_away_ends_no_waiting(refused):
    def is_asking(principal):
        asked.append(principal)
        raise away

    asked, away = [], StoreError("The store is away.", hint="Start it.")
    assert RefusedCall.of(refused.plain(), refused.error, refused.tool, {}, is_asking).is_asking()
    assert asked == ["alice"]
