# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

import gc
import shutil
import tempfile
from pathlib import Path

import hypothesis
import pytest

from tests.store.servers import PostgresServer, RedisServer

hypothesis.settings.register_profile("valetkey", deadline=None)  # a busy machine may take long for one example
hypothesis.settings.load_profile("valetkey")


COUNTED = frozenset(
    {"clients", "discovery", "engine", "grants", "policy", "profiles", "protocol", "sessions", "settings"}
)
"""The rooms whose tests take every branch of the code that has a floor; a counted test takes several times as long."""


def pytest_itemcollected(item):
    """Mark the tests whose branches are counted."""
    room = item.path.relative_to(Path(__file__).parent).parts[0]
    if room in COUNTED and item.get_closest_marker("exhaustive") is None:
        item.add_marker("counted")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Tests that are given more time come first, so that no process is left alone with one of them in the end."""
    items.sort(key=lambda item: item.get_closest_marker("timeout") is None)


def pytest_collection_finish():
    """Spare the garbage collector thousands of tests, which live until the end: `gc.collect()` looks at the rest."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish():
    """What looks for the referrers of an object, as Hypothesis does, does not see them while they are frozen."""
    gc.unfreeze()


@pytest.fixture(scope="session")
def open_folder():
    """A folder that another user can reach, which those of pytest are not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def redis_server(open_folder):
    with RedisServer(open_folder / "redis") as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server(open_folder):
    with PostgresServer(open_folder / "postgres") as server:
        yield server
