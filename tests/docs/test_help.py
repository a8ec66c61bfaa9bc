# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`help(valetkey)` begins with the names that are meant for users."""

import pydoc
import re
import subprocess
import sys

import valetkey
from tests.docs.test_api import TABLE
from tests.fakes.threads import LONGEST_WAIT

LINES_OF_A_TERMINAL = 40


def shown():
    return pydoc.render_doc(valetkey, renderer=pydoc.plaintext)


def test_the_first_screen_of_help_names_every_public_name_and_module_and_nothing_else():
    """After a new public name or module: a line of it in the docstring of valetkey."""
    first_screen, _, rest = shown().partition("PACKAGE CONTENTS")
    assert len(first_screen.splitlines()) <= LINES_OF_A_TERMINAL
    words = set(re.findall(r"[\w.]+", first_screen))
    modules = {module for module in TABLE if module.count(".") == 1 and module.startswith("valetkey.")}
    assert set(valetkey.__all__) | modules <= {word.rstrip(".") for word in words}
    assert {word.rstrip(".") for word in words if word.startswith("valetkey.")} == modules
    assert rest


def test_help_describes_each_name_also_one_that_is_imported_when_it_is_first_used():
    described = set(re.findall(r"^    class (\w+)", shown(), re.MULTILINE))
    assert described == set(valetkey.__all__)
    assert "Log in ahead of time" in shown()


def test_help_of_the_command_line_of_python_is_the_same():
    command = [sys.executable, "-W", "error", "-m", "pydoc", "valetkey.OAuth"]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_WAIT, check=True).stdout
    assert "class OAuth(" in printed
