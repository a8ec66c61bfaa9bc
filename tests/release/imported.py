# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Imports modules in a clean environment, and prints those that cannot be imported and why."""

import importlib
import json
import sys


def failures(names: list[str]) -> dict[str, str]:
    """Import each module."""
    found = {}
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError as error:
            found[name] = str(error)
    return found


if __name__ == "__main__":
    json.dump(failures(json.loads(sys.argv[1])), sys.stdout)
