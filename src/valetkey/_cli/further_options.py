# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`--option NAME=VALUE`: the settings that have no option of their own, so that each hint can be followed here too."""

from collections.abc import Mapping, Sequence
from typing import Any

from valetkey._cli.option_names import SWITCHES, TEXTS
from valetkey._cli.outcome import CommandFailed, ExitCode

_VALUES = {"true": True, "false": False}


def read_options(given: Sequence[str]) -> dict[str, Any]:
    """
    Read options by the type that each has.

    :raises CommandFailed: If there is no such option, its value is none, or it comes twice.
    """
    options: dict[str, Any] = {}
    for each in given:
        name, sign, value = each.partition("=")
        if not sign or name not in (*SWITCHES, *TEXTS):
            message = f"There is no further option {name}." if sign else f"--option {each} has no name and value."
            hint = f"Give NAME=VALUE with one of {', '.join(sorted((*SWITCHES, *TEXTS)))}."
            raise CommandFailed(message, hint=hint, code=ExitCode.USAGE)
        if name in SWITCHES and value.lower() not in _VALUES:
            message = f"--option {each} is neither true nor false."
            raise CommandFailed(message, hint="Give true or false.", code=ExitCode.USAGE)
        _require_new(name, options, "--option")
        options[name] = _VALUES[value.lower()] if name in SWITCHES else value
    return options


def read_pairs(given: Sequence[str], sign: str, option: str) -> dict[str, str]:
    """
    Read an option whose values are pairs, such as a header field or a parameter.

    :raises CommandFailed: If one is no pair, which is not shown because it may be a credential, or a name comes twice.
    """
    pairs: dict[str, str] = {}
    for each in given:
        name, found, value = each.partition(sign)
        if not found or not name.strip():
            message = f"A {option} has no name and value."
            raise CommandFailed(message, hint=f"Write it as {option} NAME{sign}VALUE.", code=ExitCode.USAGE)
        _require_new(name.strip(), pairs, option)
        pairs[name.strip()] = value.strip() if sign == ":" else value
    return pairs


def _require_new(name: str, known: Mapping[str, object], option: str) -> None:
    if name in known:
        message = f"{option} {name} is given more than once."
        raise CommandFailed(message, hint="Give it once.", code=ExitCode.USAGE)
