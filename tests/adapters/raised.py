# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The error by which the MCP SDK hands an answer on."""

from types import SimpleNamespace
from typing import Any


def as_raised_by_the_sdk(answer: dict[str, Any]) -> Exception:
    """Give what the SDK's session raises when it gets this answer."""
    error = Exception(answer["error"]["message"])
    error.error = SimpleNamespace(**answer["error"])  # type: ignore[attr-defined]  # the SDK's class has it
    return error
