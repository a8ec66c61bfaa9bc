# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Servers of every revision of MCP are spoken to, and no older one gets a request more."""

from importlib.metadata import version

import pytest

from haystack_integrations.tools.mcp_oauth import MCPServerError
from tests.haystack.calling import call, tool_of

KNOWS_2026 = version("mcp") >= "2"
REFUSALS = [(400, -32022), (200, -32022), (404, -32601), (200, -32601), (400, -32600), (400, None), (404, None)]


def speak_2026(server, refusal=(400, -32022), revision="2026-07-28"):
    server.switches.refuses_handshake, server.switches.speaks = refusal, revision


def methods_of(server):
    return [one.message for one in server.requests("/mcp") if one.method == "POST"]


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("is_open", [True, False], ids=["open", "with login"])
def test_a_server_that_speaks_only_2026_07_28_is_used_or_its_words_are_told(
    misbehaving, open_toolset, person, refusal, is_open
):
    """Row J6."""
    speak_2026(misbehaving, refusal)
    misbehaving.switches.open = is_open
    if KNOWS_2026:
        assert call(tool_of(open_toolset(misbehaving.mcp_url)), a=1, b=2) == "3"
        assert methods_of(misbehaving)[-4:] == ["initialize", "server/discover", "tools/list", "tools/call"]
    else:
        words = "answers 40" if refusal[1] is None else "Unsupported protocol version"
        with pytest.raises(MCPServerError, match=words) as raised:
            tool_of(open_toolset(misbehaving.mcp_url))
        assert "oken" not in str(raised.value)
    assert person.logins == (0 if is_open else 1)


def test_a_server_that_knows_the_handshake_gets_no_request_more(misbehaving, open_toolset):
    """Row J6."""
    misbehaving.switches.open = True
    call(tool_of(open_toolset(misbehaving.mcp_url)), a=1, b=2)
    assert methods_of(misbehaving) == ["initialize", "notifications/initialized", "tools/list", "tools/call"]


@pytest.mark.parametrize("revision", ["2031-01-01", "draft"])
def test_a_server_of_another_revision_is_told_with_what_it_speaks_and_what_to_install(
    misbehaving, open_toolset, person, revision
):
    """Row J6."""
    speak_2026(misbehaving, revision=revision)
    misbehaving.switches.open = True
    with pytest.raises(MCPServerError, match=f'It speaks "{revision}"') as raised:
        tool_of(open_toolset(misbehaving.mcp_url))
    assert raised.value.hint.startswith("Install a newer version of the package mcp")
    assert person.logins == 0


def test_a_server_that_answers_the_handshake_with_a_later_revision_is_told_with_its_words(misbehaving, open_toolset):
    """Row J6."""
    misbehaving.switches.open, misbehaving.switches.answers_revision = True, "2031-01-01"
    with pytest.raises(MCPServerError, match="Unsupported protocol version from the server: 2031-01-01"):
        tool_of(open_toolset(misbehaving.mcp_url))


def test_a_call_that_is_rejected_there_gets_another_token_and_is_made_once(misbehaving, open_toolset, person):
    """Row J6."""
    if not KNOWS_2026:
        return
    speak_2026(misbehaving)
    add = tool_of(open_toolset(misbehaving.mcp_url))
    misbehaving.revoke_access_tokens()
    assert call(add, a=1, b=2) == "3"
    assert misbehaving.executed == 1
    assert person.logins == 1
