# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The header fields that MCP 2026-07-28 wants with a message."""

import json

import pytest

from valetkey._cli.bridge.messages import compose
from valetkey._cli.bridge.revisions import encode, fields_of, headers_of_tools, revision_in

META = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}


def _message(method, **params):
    return compose(id=1, method=method, params=params).messages[0]


def test_a_message_of_an_older_revision_gets_no_fields():
    assert fields_of(_message("tools/call", name="a", arguments={}), {}) == {}


@pytest.mark.parametrize("revision", [None, 7, "", "a b", "2026\r\nX: y"])
def test_a_revision_that_is_no_token_is_none(revision):
    meta = {"io.modelcontextprotocol/protocolVersion": revision}
    assert revision_in(_message("ping", _meta=meta)) is None


@pytest.mark.parametrize(
    ("method", "params", "name"),
    [
        ("tools/call", {"name": "add"}, "add"),
        ("prompts/get", {"name": "Grüße"}, "=?base64?R3LDvMOfZQ==?="),
        ("resources/read", {"uri": "file:///a b"}, "file:///a b"),
        ("tools/list", {"name": "add"}, None),
        ("tools/call", {"name": 7}, None),
    ],
)
def test_the_fields_name_the_method_and_what_it_is_about(method, params, name):
    fields = fields_of(_message(method, _meta=META, **params), {})
    assert fields.pop("Mcp-Name", None) == name
    assert fields == {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method}


def test_arguments_go_into_the_fields_that_the_list_of_tools_names():
    schema = {
        "properties": {
            "region": {"type": "string", "x-mcp-header": "Region"},
            "deep": {"properties": {"on": {"type": "boolean", "x-mcp-header": "On"}}},
            "count": {"type": "integer", "x-mcp-header": "Count"},
            "bad": {"type": "string", "x-mcp-header": "no token"},
        }
    }
    tools = headers_of_tools({"tools": [{"name": "t", "inputSchema": schema}, {"name": 7}, "none"]})
    given = {"region": " eu", "deep": {"on": True}, "count": 3, "bad": "x", "other": "y"}
    fields = fields_of(_message("tools/call", _meta=META, name="t", arguments=given), tools)
    found = {name: value for name, value in fields.items() if name.startswith("Mcp-Param-")}
    assert found == {"Mcp-Param-Region": "=?base64?IGV1?=", "Mcp-Param-On": "true", "Mcp-Param-Count": "3"}
    fields = fields_of(_message("tools/call", _meta=META, name="t", arguments={"deep": 1, "region": None}), tools)
    assert not any(name.startswith("Mcp-Param-") for name in fields)


@pytest.mark.parametrize("listed", [{}, {"tools": 7}, {"tools": [{"name": "t", "inputSchema": {"properties": []}}]}])
def test_a_list_of_tools_that_is_none_names_no_fields(listed):
    assert headers_of_tools(listed).get("t", {}) == {}


@pytest.mark.parametrize("value", ["a\r\nX: y", "=?base64?eA==?=", "\ud800", " "])
def test_a_value_that_is_no_field_is_encoded(value):
    assert encode(value).startswith("=?base64?")
    assert json.dumps(encode(value)).isascii()
