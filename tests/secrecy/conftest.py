# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A scene for each life, which is traced, with variables of the environment that no program but ours may see."""

from contextlib import ExitStack

import pytest

from tests.secrecy.canaries import Canaries
from tests.secrecy.scene import Scene
from tests.secrecy.watch import Watch
from valetkey.events import trace_to


@pytest.fixture
def scene(tmp_path, monkeypatch):
    folder = tmp_path / "computer"
    for name, variable in {"home": "HOME", "data": "XDG_DATA_HOME", "tmp": "TMPDIR"}.items():
        (folder / name).mkdir(parents=True)
        monkeypatch.setenv(variable, str(folder / name))
    canaries = Canaries()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", canaries.make("variable"))
    monkeypatch.setenv("XDG_ACCESS_TOKEN", canaries.make("variable"))
    monkeypatch.setenv("ftp_proxy", f"http://user:{canaries.make('proxy password')}@127.0.0.1:9")
    monkeypatch.setenv("VALETKEY_STORE", "memory:")
    watch = Watch(folder, canaries)
    with ExitStack() as stack, trace_to(folder / "trace.jsonl") as trace:
        yield Scene(folder, monkeypatch, stack.enter_context(watch), stack, trace)
