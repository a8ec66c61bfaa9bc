# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The page about providers says what the profiles say."""

import subprocess
import sys
from pathlib import Path

from tests.fakes.threads import LONGEST_WAIT
from valetkey.profiles.__main__ import describe
from valetkey.profiles.catalog import load_profiles

PAGE = (Path(__file__).parent.parent.parent / "docs" / "providers.md").read_text(encoding="utf-8")


def printed():
    command = [sys.executable, "-W", "error", "-m", "valetkey.profiles"]
    return subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_WAIT, check=True).stdout


def test_the_page_has_every_profile_as_it_is_printed():
    """After a change: put the output of `python -m valetkey.profiles` between the headings."""
    sections = PAGE.partition("segment of a path.\n\n")[2].partition("\n## Without a profile")[0]
    assert sections == printed() == "\n\n".join(map(describe, load_profiles().values())) + "\n"


def test_a_section_says_for_whom_what_why_and_from_where():
    section = describe(load_profiles()["google"])
    assert "`https://accounts.google.com`" in section
    assert "`authorization_parameters = access_type=offline, prompt=consent`" in section
    assert "create an OAuth client" in section
    assert "<https://github.com/home-assistant/core/issues/180546>" in section
    assert "`send_resource = false`" in describe(load_profiles()["entra"])
