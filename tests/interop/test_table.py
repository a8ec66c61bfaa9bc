# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The table says what the tests came to, and why a cell is empty."""

from contextlib import nullcontext

from tests.interop.life import Step
from tests.interop.profile import Profile
from tests.interop.table import table

_STEPS = [Step(name, f"it did {name}.", print) for name in ("login", "logout", "device")]
_LITTLE = "It has no such endpoint."


def _profile(name, **missing):
    return Profile(name=name, versions=lambda: f"{name} 1.2", start=nullcontext, missing=missing)


def test_a_cell_is_what_its_test_came_to_or_why_there_is_none():
    profiles = [_profile("one"), _profile("two", device=_LITTLE), _profile("three", logout="No.", device=_LITTLE)]
    passed = {(name, step): True for name in ("one", "two", "three") for step in ("login", "logout", "device")}
    page = table(profiles, _STEPS, {**passed, ("two", "login"): False})
    assert "| **one** | yes | yes | yes |\n" in page
    assert "| **two** | **no** | yes | – <sup>1</sup> |\n" in page
    assert "| **three** | yes | – <sup>2</sup> | – <sup>1</sup> |\n" in page
    assert f"\n1. {_LITTLE}\n2. No.\n" in page


def test_the_page_names_versions_and_what_each_step_means():
    page = table([_profile("one")], _STEPS, {("one", step.name): True for step in _STEPS})
    assert "* one: one 1.2\n" in page
    assert all(f"* **{step.name}**: {step.meaning}\n" in page for step in _STEPS)
