# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The page about the options says what the code says."""

import json
import re
from dataclasses import fields

import pytest
import yaml

from haystack_integrations.tools.mcp_oauth import OAuthConfig
from tests.docs.options_page import PAGE, page
from tests.docs.test_readme import run
from valetkey.settings import Settings

TEXT = PAGE.read_text(encoding="utf-8")
YAML = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)]
SNIPPETS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def test_the_page_is_as_the_code_has_it():
    assert page() == TEXT, "run `python -m tests.docs.options_page`"


@pytest.mark.parametrize("name", sorted({each.name for each in fields(Settings)} - {"url"}))
def test_every_option_has_one_row(name):
    assert len(re.findall(rf"^\| `{name}` \|", TEXT, re.MULTILINE)) == 1


@pytest.mark.parametrize("code", SNIPPETS)
def test_a_snippet_runs(code, tmp_path):
    run(code, tmp_path, GATEWAY_KEY="a-key")


def test_the_yaml_is_read_by_the_configuration():
    (config, _) = (OAuthConfig.from_dict(written["oauth_config"]) for written in YAML)
    assert (config.client_id, config.label) == ("my-job", "nightly")


def test_the_network_in_yaml_is_that_in_python(tmp_path):
    (code,) = (each for each in SNIPPETS if "config = OAuthConfig(" in each)
    printed = run(f"{code}\nimport json\nprint(json.dumps(config.to_dict()))", tmp_path)
    assert json.loads(printed) == YAML[1]["oauth_config"]
