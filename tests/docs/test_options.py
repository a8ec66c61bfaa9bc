# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The page about the options says what the code says."""

import re
from dataclasses import fields

import pytest
import yaml

from haystack_integrations.tools.mcp_oauth import OAuthConfig
from tests.docs.options_page import PAGE, page
from tests.docs.test_readme import run
from valetkey.settings import Settings

TEXT = PAGE.read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def test_the_page_is_as_the_code_has_it():
    assert page() == TEXT, "run `python -m tests.docs.options_page`"


@pytest.mark.parametrize("name", sorted({each.name for each in fields(Settings)} - {"url"}))
def test_every_option_has_one_row(name):
    assert len(re.findall(rf"^\| `{name}` \|", TEXT, re.MULTILINE)) == 1


@pytest.mark.parametrize("code", SNIPPETS)
def test_a_snippet_runs(code, tmp_path):
    run(code, tmp_path)


def test_the_yaml_is_read_by_the_configuration():
    (text,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    config = OAuthConfig.from_dict(yaml.safe_load(text)["oauth_config"])
    assert (config.client_id, config.label) == ("my-job", "nightly")
