# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Servers that run for the tests of one module, a user for each test, and the table in the end."""

from contextlib import ExitStack
from pathlib import Path

import pytest

# Before their import, or their assertions fail without telling what was there instead.
pytest.register_assert_rewrite("tests.interop.life", "tests.interop.user")
# ruff: noqa: E402

from tests.interop.life import STEPS
from tests.interop.profile import ROOT
from tests.interop.table import table
from tests.interop.user import User

_PAGE = ROOT / "docs" / "interop.md"
_OUTCOMES = pytest.StashKey[dict[tuple[str, str], bool]]()


@pytest.fixture(scope="module")
def servers():
    """Give the server of a profile; it starts with the first test of its module and is gone with the last."""
    with ExitStack() as stack:
        running = {}

        def give(profile):
            if profile.name not in running:
                running[profile.name] = stack.enter_context(profile.start())
            return running[profile.name]

        yield give


@pytest.fixture
def user(servers, profile, step, tmp_path, monkeypatch):
    """A user of the server who has never been there, with what has to be set for the step."""
    server = servers(profile)
    return User(server, dict(server.settings.get(step.name, {})), tmp_path, monkeypatch.setenv)


def pytest_configure(config):
    """Make room for what the tests come to."""
    config.stash[_OUTCOMES] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Note what the test of a cell came to: it has passed if nothing of it failed."""
    report = yield
    cell = _cell(item)
    if cell is not None:
        profile, step = cell
        outcomes, place = item.config.stash[_OUTCOMES], (profile.name, step.name)
        outcomes[place] = outcomes.get(place, True) and report.passed
    return report


def pytest_sessionfinish(session):
    """Write the page, if every server that there are tests of has been through all of it."""
    outcomes = session.config.stash[_OUTCOMES]
    profiles = {profile.name: profile for profile, _ in filter(None, map(_cell, session.items))}
    modules = {item.path.name for item in session.items}
    everything = {path.name for path in Path(__file__).parent.glob("test_*.py")}
    wanted = {(name, step.name) for name, row in profiles.items() for step in STEPS if step.name not in row.missing}
    if modules == everything and wanted == set(outcomes):
        rows = [profiles[name] for name in sorted(profiles, key=str.lower)]
        _PAGE.write_text(table(rows, STEPS, outcomes), encoding="utf-8")


def _cell(item):
    """Give the row and the column that a test is about, None for a test about something else."""
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    return (parameters["profile"], parameters["step"]) if {"profile", "step"} <= set(parameters) else None
