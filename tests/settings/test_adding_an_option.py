# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Adding an option takes a field and a text in one file; everything that takes options has it then."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import valetkey

SOURCE = Path(valetkey.__file__).parent.parent
ROOT = SOURCE.parent

FIELD = "    label: str = "
TEXT = "    :param label: "

PROGRAM = """
import io
from contextlib import redirect_stdout

import valetkey
from haystack_integrations.tools.mcp_oauth import OAuthConfig
from tests.docs.options_page import page
from valetkey.httpx2 import OAuth
from valetkey.settings import Settings

assert valetkey.__file__.startswith({copy!r}), valetkey.__file__

assert Settings().new_option == 7
assert Settings(new_option=8).new_option == 8
assert OAuth({url!r}, store="memory:", login="never", settings=Settings(new_option=8)).engine

config = OAuthConfig(new_option=8)
assert config.to_dict() == {{"new_option": 8}}
assert OAuthConfig.from_dict(config.to_dict()) == config
assert config.to_settings({url!r}).new_option == 8
assert OAuthConfig().to_settings({url!r}).new_option == 7

for owner in (Settings, OAuthConfig):
    with redirect_stdout(io.StringIO()) as shown:
        help(owner)
    assert ":param new_option: What it does." in shown.getvalue(), owner
assert "| `new_option` | number | `7` | What it does. |" in page()
"""


@pytest.fixture
def copy(tmp_path):
    """The source of a contributor who has added an option to one file."""
    copied = tmp_path / "src"
    shutil.copytree(SOURCE, copied, ignore=shutil.ignore_patterns("__pycache__"))
    options = copied / "valetkey" / "settings" / "options.py"
    source = options.read_text("utf-8")
    for line, added in {TEXT: "    :param new_option: What it does.\n", FIELD: "    new_option: int = 7\n"}.items():
        assert source.count(line) == 1
        source = source.replace(line, added + line)
    options.write_text(source, "utf-8")
    return copied


def test_an_option_that_is_added_to_one_file_is_everywhere(copy):
    program = PROGRAM.format(copy=str(copy), url="https://mcp.example.com/mcp")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(copy), str(ROOT)))}
    command = [sys.executable, "-W", "error", "-c", program]
    ended = subprocess.run(command, env=environment, cwd=copy, capture_output=True, text=True, timeout=50, check=False)
    assert ended.returncode == 0, ended.stderr
