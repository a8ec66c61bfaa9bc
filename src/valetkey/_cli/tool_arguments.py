# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The arguments of a tool as they are typed: each one read by the type that the tool's schema gives it."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from valetkey._cli.outcome import CommandFailed, ExitCode

_HINT = "Look at what it takes: valetkey tools URL --json"
_FILE_HINT = "Give a file with one JSON object, or - for standard input."


def read_arguments(
    tool: dict[str, Any], *, texts: Sequence[str], documents: Sequence[str], file: dict[str, Any] | None
) -> dict[str, Any]:
    """
    Give the arguments of a call: those of the file, replaced by `name=JSON`, replaced by `name=value`.

    :raises CommandFailed: If one cannot be read or is given twice, or one that the tool requires is missing.
    """
    schema = tool.get("inputSchema")
    schema = schema if isinstance(schema, dict) else {}
    arguments = dict(file or {})
    for name, value in _pairs(documents, "--arg-json"):
        arguments[name] = _as_json(value, f"--arg-json {name}")
    for name, value in _pairs(texts, "--arg"):
        arguments[name] = _typed(name, value, _types(schema, name))
    required = schema.get("required")
    missing = [name for name in required if name not in arguments] if isinstance(required, list) else []
    if missing:
        message = f"The tool {tool.get('name')} requires {', '.join(map(str, missing))}."
        raise CommandFailed(message, hint=f"Give --arg {missing[0]}=VALUE.", code=ExitCode.USAGE)
    return arguments


def _standard_input() -> str:
    if sys.stdin is None:
        message = "it is closed"
        raise ValueError(message)
    return sys.stdin.read()


def _pairs(given: Sequence[str], option: str) -> list[tuple[str, str]]:
    """Give names and values; a name that comes twice is refused, and not collected: one value would be no list then."""
    pairs: dict[str, str] = {}
    for each in given:
        name, sign, value = each.partition("=")
        if not sign or not name:
            message = f"{option} {each} has no name and value."
            raise CommandFailed(message, hint=f"Write {option} NAME=VALUE.", code=ExitCode.USAGE)
        if name in pairs:
            message = f"{option} {name} is given more than once."
            hint = f"Give it once; several values are one JSON list, as in {option} '{name}=[1, 2]'."
            raise CommandFailed(message, hint=hint, code=ExitCode.USAGE)
        pairs[name] = value
    return list(pairs.items())


def _types(schema: dict[str, Any], name: str) -> set[str]:
    """Give the types that an argument may have; none where the schema does not say it in a simple way."""
    properties = schema.get("properties")
    described = properties.get(name) if isinstance(properties, dict) else None
    if not isinstance(described, dict):
        return set()
    choices = [described, *(each for key in ("anyOf", "oneOf") for each in _list(described.get(key)))]
    found: set[str] = set()
    for choice in choices:
        named = choice.get("type") if isinstance(choice, dict) else None
        found |= {each for each in (named if isinstance(named, list) else [named]) if isinstance(each, str)}
    return found


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _typed(name: str, value: str, types: set[str]) -> Any:
    """Take a text as it is, and read any other type as JSON; where both are possible, JSON that fits comes first."""
    if types <= {"string"}:
        return value
    try:
        read = json.loads(value)
    except ValueError:
        if "string" in types:
            return value
        raise _not_of(name, value, types) from None
    if _is_of(read, types):
        return read
    if "string" in types:
        return value
    raise _not_of(name, value, types)


def _is_of(value: object, types: set[str]) -> bool:
    kinds: dict[str, type | tuple[type, ...]] = {
        "object": dict,
        "array": list,
        "boolean": bool,
        "null": type(None),
        "integer": int,
        "number": (int, float),
    }
    if isinstance(value, bool):
        return "boolean" in types
    if isinstance(value, float) and value.is_integer() and "integer" in types:
        return True
    return any(isinstance(value, kinds[each]) for each in types if each in kinds)


def _not_of(name: str, value: str, types: set[str]) -> CommandFailed:
    message = f"--arg {name}={value} is no {' or '.join(sorted(types))}."
    return CommandFailed(message, hint=_HINT, code=ExitCode.USAGE)


def _as_json(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        message = f"{what} is no JSON: {error}."
        raise CommandFailed(
            message, hint="Write a text in double quotes, as in '\"text\"'.", code=ExitCode.USAGE
        ) from None


def read_file(place: str) -> dict[str, Any]:
    """Read the JSON object of a file, or of standard input."""
    try:
        text = _standard_input() if place == "-" else Path(place).expanduser().read_text("utf-8")
    except (OSError, ValueError) as error:
        message = f"The file {place} cannot be read: {getattr(error, 'strerror', None) or error}."
        raise CommandFailed(message, hint=_FILE_HINT, code=ExitCode.USAGE) from None
    document = _as_json(text, f"The file {place}")
    if not isinstance(document, dict):
        message = f"The file {place} has no JSON object."
        raise CommandFailed(message, hint=_FILE_HINT, code=ExitCode.USAGE)
    return document
