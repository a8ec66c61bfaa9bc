# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""One row of the threat model, and the defences that its test misses when they are taken out."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Defence:
    """
    One small edit that takes a defence out: `old` stands exactly once in the file, and `new` still compiles.

    The file is named from the root of the repository. `never_ends` says that without the defence the test does not
    end: then a run that is stopped counts as a failure.
    """

    file: str
    old: str
    new: str
    never_ends: bool = False


@dataclass(frozen=True, slots=True)
class Threat:
    """
    One row of SECURITY.md: who attacks, what they control, what they get, and what remains for them.

    The id is the letter of the module and a number, which is not used again. `test` is `test_<room>.py::test_name`
    below `tests/attacks/`; its docstring names the threat ("Threat C3."). It fails by an assertion when any one of the
    defences is taken out.
    """

    id: str
    attacker: str
    controls: str
    gets: str
    remains: str
    test: str
    defences: tuple[Defence, ...]
