# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The threat model: a module for each room, each with its own `THREATS`.

A module of this package that has no `THREATS` yet counts as empty.
"""

import importlib
import pkgutil

from tests.attacks.threat import Threat

LETTERS = {
    "brake": "B",
    "discovery": "D",
    "network": "N",
    "secrets": "S",
    "callback": "C",
    "store": "F",
    "parsers": "P",
    "tokens": "T",
    "web": "W",
    "command_line": "L",
}
"""The modules in the order of SECURITY.md, with the letter that their ids begin with."""


def by_room() -> dict[str, tuple[Threat, ...]]:
    """Give the threats of each module, in the order of SECURITY.md."""
    there = {module.name for module in pkgutil.iter_modules(__path__)}
    modules = {room: importlib.import_module(f"{__name__}.{room}") for room in LETTERS if room in there}
    return {room: getattr(module, "THREATS", ()) for room, module in modules.items()}


def every_threat() -> tuple[Threat, ...]:
    """Give all threats in one row."""
    return tuple(threat for threats in by_room().values() for threat in threats)
