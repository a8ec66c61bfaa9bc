# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What Haystack 2 does with a toolset and Haystack 3 does not."""

from typing import Any

from haystack.tools.tool import Tool
from haystack.tools.toolset import Toolset

LOOKS_AFTER_WARMING_UP = not hasattr(Toolset, "spawn")
"""Haystack 2 warms the tools up once, and looks at them then; Haystack 3 does so before each run."""


def plus(self: Toolset, other: Any) -> Toolset:
    """Put tools beside a toolset; the list of the toolset goes on following its server."""
    is_tool = isinstance(other, Tool)
    is_list = isinstance(other, list) and all(isinstance(each, Tool) for each in other)
    toolset: Any = Toolset
    sum_: Toolset = toolset.__add__(self, Toolset([other] if is_tool else other) if is_tool or is_list else other)
    return sum_
