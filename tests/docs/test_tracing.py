# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The page about traces: its snippets run, and it lists the kinds of events that there are."""

import json
import re
from pathlib import Path

import pytest

from tests.docs.test_readme import run
from valetkey.events import Event, kinds

TEXT = (Path(__file__).parent.parent.parent / "docs" / "tracing.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("code", SNIPPETS, ids=range(len(SNIPPETS)))
def test_a_snippet_runs(code, tmp_path):
    run(code.replace("trace.jsonl", str(tmp_path / "trace.jsonl")), tmp_path)


def test_the_table_has_every_kind_of_event():
    defined = {name for name, kind in vars(kinds).items() if isinstance(kind, type) and issubclass(kind, Event)}
    listed = {name for row in re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert listed & defined == defined - {"Event"}


def test_the_line_of_a_trace_is_as_the_code_writes_it(tmp_path):
    (example,) = (json.loads(text) for text in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL))
    known = {*kinds.RequestSent.__dataclass_fields__, "event", "server", "user", "attempt"}
    assert example.keys() <= known
    assert example["request"].keys() == set(kinds.Message.__dataclass_fields__)
