# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The corpus in the repository: one file for each target, one input a line, as Python writes bytes.

`python -m tests.fuzz.corpus FOLDER` makes it anew, from what the fuzzer has found there: the shortest inputs that
together take every step from line to line that all of them take.
"""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FOLDER = Path(__file__).parent / "seeds"
_LARGEST = 4096
"""Bytes of a target's inputs."""


def inputs_of(name):
    """Give the inputs of a target."""
    path = FOLDER / f"{name}.txt"
    if not path.exists():
        return []
    return [ast.literal_eval(line) for line in path.read_text(encoding="ascii").splitlines() if line]


def minimised(run, inputs):
    """Choose inputs, the shortest first, each of which takes a step that no shorter one has taken."""
    taken, chosen, size = set(), [], 0
    for data in sorted(set(inputs), key=lambda each: (len(each), each)):
        steps = _steps_of(run, data)
        if steps - taken and size + len(data) <= _LARGEST:
            taken |= steps
            size += len(data)
            chosen.append(data)
    return chosen


def _steps_of(run, data):
    """Give the pairs of lines of Valetkey that follow each other."""
    steps = set()

    def trace(frame, event, argument):
        if "/valetkey/" not in frame.f_code.co_filename:
            return None
        last = frame.f_lineno

        def step(frame, event, argument):
            nonlocal last
            if event == "line":
                steps.add((frame.f_code.co_filename, last, frame.f_lineno))
                last = frame.f_lineno
            return step

        return step

    before = sys.gettrace()  # of the coverage, if it is measured: what runs later in this process counts too
    sys.settrace(trace)
    try:
        run(data)
    finally:
        sys.settrace(before)
    return steps


def main(folder):
    """Write the corpus of every target."""
    from tests.fuzz.targets import TARGETS

    FOLDER.mkdir(exist_ok=True)
    for target in TARGETS.values():
        found = [path.read_bytes() for path in (Path(folder) / target.name).glob("*")]
        kept = minimised(target.run, [*found, *inputs_of(target.name)])
        (FOLDER / f"{target.name}.txt").write_text("".join(f"{data!r}\n" for data in kept), encoding="ascii")


if __name__ == "__main__":
    main(*sys.argv[1:])
