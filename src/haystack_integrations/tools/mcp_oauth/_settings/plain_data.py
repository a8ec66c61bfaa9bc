# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Settings as plain data, as a pipeline's YAML holds them: secrets as references, functions by name.

What has its default is not written, and a null is read as the default.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any

from haystack.utils import Secret, deserialize_callable, serialize_callable

from haystack_integrations.tools.mcp_oauth.token_source import AccessTokenSource, write_source

_CALLABLE = "callable"


def write_fields(instance: Any) -> dict[str, Any]:
    """Write the fields of a dataclass into a dictionary, without those that have their default."""
    given = {each.name: getattr(instance, each.name) for each in fields(instance)}
    defaults = {each.name: _default(each) for each in fields(instance)}
    return {name: _write(value) for name, value in given.items() if value != defaults[name]}


def show_fields(instance: Any) -> str:
    """Write the representation of a dataclass: what was set, and `…` for a value that is not to be shown."""
    given = ((each, getattr(instance, each.name)) for each in fields(instance))
    shown = (
        f"{each.name}={value!r}" if each.repr else f"{each.name}=…" for each, value in given if value != _default(each)
    )
    return f"{type(instance).__name__}({', '.join(shown)})"


def _default(each: Field[Any]) -> Any:
    return each.default_factory() if each.default_factory is not MISSING else each.default


def _write(value: Any) -> Any:
    if isinstance(value, AccessTokenSource):
        return write_source(value)
    if hasattr(value, "to_dict"):  # a secret, or a part with fields of its own
        return value.to_dict()
    if isinstance(value, dict):
        return {name: _write(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_write(each) for each in value]
    return {_CALLABLE: serialize_callable(value)} if callable(value) else value


def read_fields(data: Mapping[str, Any], readers: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """
    Read what `write_fields` wrote. A null means the default, as in dictionaries of older versions and of upstream.
    """
    given = {name: value for name, value in data.items() if value is not None}
    return {name: readers[name](value) if name in readers else value for name, value in given.items()}


def read_secret(written: Any) -> Any:
    """Read a secret."""
    return Secret.from_dict(written) if isinstance(written, dict) else written


def read_source(written: Any) -> Any:
    """Read a source of tokens, or another function."""
    return deserialize_callable(written[_CALLABLE]) if isinstance(written, dict) else written


def read_token(written: Any) -> Any:
    """Read a token: a secret, the path of a file, or a function."""
    return read_source(written) if isinstance(written, dict) and _CALLABLE in written else read_secret(written)
