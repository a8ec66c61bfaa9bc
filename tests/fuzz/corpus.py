# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The corpus in the repository: one file for each target, one input a line, as Python writes bytes."""

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FOLDER = Path(__file__).parent / "seeds"


def inputs_of(name):
    """Give the inputs of a target, small ones that together reach what a fuzzer has reached."""
    path = FOLDER / f"{name}.txt"
    if not path.exists():
        return []
    return [ast.literal_eval(line) for line in path.read_text(encoding="ascii").splitlines() if line]
