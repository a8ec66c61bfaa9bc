# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What an agent makes of a tool's result: values for its state, and a message for the language model."""

import json
from typing import Any

from haystack.components.agents.state.state import State
from haystack.dataclasses import ChatMessage, ToolCall
from haystack.tools.tool import Tool

_OF_ONE_OUTPUT = ("source", "handler", "raw_result")


def take_result(result: Any, tool: Tool, call: ToolCall, state: State) -> ChatMessage:
    """Put the result into the state as `outputs_to_state` says, and into a message as `outputs_to_string` says."""
    if isinstance(result, dict):
        for key, mapping in (tool.outputs_to_state or {}).items():
            source = mapping.get("source")
            if not source or source in result:
                value = result[source] if source else result
                state.set(key, value, handler_override=mapping.get("handler"))
    return ChatMessage.from_tool(_for_model(result, tool.outputs_to_string or {}), call)


def _for_model(result: Any, mapping: dict[str, Any]) -> Any:
    if not mapping or any(name in mapping for name in _OF_ONE_OUTPUT):
        return _one_output(result, mapping)
    return _text({key: _one_output(result, {**each, "raw_result": False}) for key, each in mapping.items()})


def _one_output(result: Any, mapping: dict[str, Any]) -> Any:
    source, handler = mapping.get("source"), mapping.get("handler")
    value = result.get(source) if source is not None and isinstance(result, dict) else result
    if handler is not None:
        return handler(value)
    return value if mapping.get("raw_result") else _text(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
